"""The maintenance thread: heartbeats, rounds, and what it makes good."""

from __future__ import annotations

from collections import Counter

import dramatiq
import pytest

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.commands.queue_commands import QueueCommands
from middleware.processes.registry import Registration
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ...service import wait_until
from ..workers import Gate, ended, working

LEASE_S = 0.3
ROUND_S = LEASE_S / 3


@pytest.fixture
def settings() -> Settings:
    """Short leases, and so short rounds."""
    return Settings(lease_s=LEASE_S, retention_jobs=5)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the scripts that were run since."""
    ran: list[str] = []
    run = QueueCommands._run

    def noted(self: QueueCommands, name: str, *arguments: object, **options: object) -> object:
        ran.append(name)
        return run(self, name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(QueueCommands, "_run", noted)
    return ran


def rounds(ran: list[str], count: int) -> None:
    """Wait until so many more rounds have been made."""
    before = ran.count("promote")
    wait_until(lambda: ran.count("promote") >= before + count, f"{count} rounds")


def test_a_job_that_runs_longer_than_its_lease_runs_once(broker: LifoBroker, gate: Gate, ran: list[str]) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait("ran")

    message = work.send()
    with working(broker, threads=2):
        gate.wait_for(1)
        rounds(ran, 8)
        assert ran.count("heartbeat") >= 7
        gate.open()
        job = ended(broker, message)

    assert (job.status.value, job.attempts, gate.passed) == ("processed", 1, ["ran"])


def test_jobs_that_nobody_rang_for_are_found_by_the_next_round(broker: LifoBroker, redis_url: str) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    # As long as there is no policy, a gated program believes the gate closed, and doesn't ring.
    silent = LifoBroker(url=redis_url, gated=True)
    silent.declare_queue("default")
    with working(broker):
        ended(broker, work.send())
        message = silent.enqueue(work.message())
        assert ended(broker, message).status.value == "processed"
    silent.close()


def test_finished_jobs_beyond_the_count_are_pruned_in_steps(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    for _ in range(20):
        work.send()
    with working(broker):
        wait_until(lambda: _processed(broker) == 5, "all but five to be pruned")


def test_trouble_in_one_queue_costs_the_others_nothing(broker: LifoBroker, gate: Gate, ran: list[str]) -> None:
    @dramatiq.actor(queue_name="zebra")
    def work() -> None:
        gate.wait()

    broker.declare_queue("aardvark")
    message = work.send()
    with working(broker):
        gate.wait_for(1)
        broker.redis.link.call("SET", keys.heartbeat("aardvark"), "not a hash")
        rounds(ran, 8)
        gate.open()
        job = ended(broker, message)
        broker.redis.link.call("DEL", keys.heartbeat("aardvark"))

    assert (job.status.value, job.attempts) == ("processed", 1)


def test_maintenance_goes_on_when_redis_is_back(own_server: EmbeddedServer, ran: list[str]) -> None:
    broker = LifoBroker(url=own_server.url, settings=Settings(lease_s=LEASE_S))
    broker.declare_queue("default")
    maintenance = broker.new_maintenance()
    maintenance.start()
    rounds(ran, 1)

    own_server.kill()
    own_server.start()

    rounds(ran, 2)
    maintenance.stop()
    broker.close()


def test_an_idle_worker_asks_for_nothing_but_its_rounds(
    broker: LifoBroker, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    asked: list[tuple[object, ...]] = []
    signs_of_life: list[Link] = []
    send, renew = Link.send, Registration.renew
    monkeypatch.setattr(Registration, "renew", lambda self, link: (signs_of_life.append(link), renew(self, link))[1])
    monkeypatch.setattr(Link, "send", lambda self, *words: (asked.append(words), send(self, *words))[1])
    with working(broker, threads=8):
        ended(broker, work.send())
        rounds(ran, 2)
        [lifecycle] = broker._workers._of_worker.values()
        wait_until(lambda: not lifecycle._settlers["default"].may_have_jobs, "the worker to be idle")
        ran.clear()
        asked.clear()
        signs_of_life.clear()
        rounds(ran, 8)
        renewals, calls = len(signs_of_life), Counter(ran)

    assert set(calls) == {"reclaim", "promote", "prune"}
    assert len(asked) <= 1
    assert 7 <= renewals <= calls["promote"] + 1
    assert calls["prune"] <= calls["promote"] / 3 + 1


def _processed(broker: LifoBroker) -> int:
    return int(broker.redis.link.call("ZCARD", keys.processed("default")))
