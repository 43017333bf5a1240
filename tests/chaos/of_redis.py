"""Redis that dies, stands still, is full, or throws its clients out."""

from __future__ import annotations

from middleware.commands import keys

from .of_processes import LONGER_THAN_A_LEASE_S
from .scenarios import scenario
from .stage import Stage, now_us
from .witness import QUEUES

BACK_WITHIN_S = 0.5
DROPS = 5


@scenario(
    "redis-killed",
    "Redis is killed with -9, and started from its append-only file at once",
    "the first claim after it answers",
    at_most_s=BACK_WITHIN_S,
)
def redis_killed(stage: Stage) -> float:
    stage.system.crash(["redis"])
    stage.system.server.start()
    return stage.first("claim", now_us())


@scenario(
    "redis-away",
    "Redis is killed with -9, and started after longer than a lease",
    "the first claim after it answers",
    at_most_s=BACK_WITHIN_S,
)
def redis_away(stage: Stage) -> float:
    stage.system.crash(["redis"])
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    stage.system.server.start()
    return stage.first("claim", now_us())


@scenario(
    "redis-stopped",
    "Redis stands still for longer than a lease (SIGSTOP), and goes on",
    "the first claim after that",
    at_most_s=BACK_WITHIN_S,
)
def redis_stopped(stage: Stage) -> float:
    stage.system.freeze(["redis"])
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    return stage.first("claim", stage.system.thaw(["redis"]))


@scenario(
    "redis-full",
    "Redis has reached its maxmemory (noeviction): what waits is worked off; then it gets memory",
    "the first 201 after that",
)
def redis_full(stage: Stage) -> float:
    with stage.system.server.client() as client:

        def full_while_jobs_wait() -> bool:
            client.config_set("maxmemory", 1)
            do_wait = any(client.zcard(keys.stack(queue)) for queue in QUEUES)
            if not do_wait:
                client.config_set("maxmemory", 0)
            return do_wait

        try:
            stage.wait(full_while_jobs_wait, "jobs to wait when Redis is full")
            full_us = now_us()
            stage.refused()
            stage.drained()
            assert stage.witness.events("claim", full_us), "nothing was claimed while Redis was full"
        finally:
            client.config_set("maxmemory", 0)
    return stage.first_accepted(now_us())


@scenario(
    "connections-dropped",
    "Redis drops all connections of its clients, five times",
    "the first claim after that, the longest of the five",
    at_most_s=BACK_WITHIN_S,
)
def connections_dropped(stage: Stage) -> float:
    longest_s = 0.0
    for _ in range(DROPS):
        drop_connections(stage)
        longest_s = max(longest_s, stage.first("claim", now_us()))
    return longest_s


def drop_connections(stage: Stage) -> None:
    """All that there are, also of those who listen."""
    with stage.system.server.client() as client:
        for kind in ("normal", "pubsub"):
            client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
