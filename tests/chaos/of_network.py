"""A network between the processes and Redis that is slow, cut, held up, or forgets."""

from __future__ import annotations

from collections.abc import Iterable

from .of_processes import LONGER_THAN_A_LEASE_S, PUT_BACK_WITHIN_S
from .of_redis import BACK_WITHIN_S
from .scenarios import scenario
from .stage import Stage, now_us
from .system import WORKERS
from .toxic_proxy import ToxicProxy

SLOW_FOR_S = 4.0
FORGOTTEN_FOR_S = 12.0
DELAY_S = 0.05
PIECE_BYTES, PIECE_PAUSE_S = 64, 0.002


@scenario(
    "network-slow",
    "Whatever goes to Redis and comes back is 50 ms late each way, for 4 s",
    "the longest time without a claim meanwhile",
)
def network_slow(stage: Stage) -> float:
    began_us = now_us()
    for proxy in _ways(stage):
        proxy.slow_down(DELAY_S)
    return _endured(stage, began_us)


@scenario(
    "network-dribbles",
    "It comes in pieces of 64 bytes, 2 ms apart, for 4 s",
    "the longest time without a claim meanwhile",
)
def network_dribbles(stage: Stage) -> float:
    began_us = now_us()
    for proxy in _ways(stage):
        proxy.dribble(PIECE_BYTES, PIECE_PAUSE_S)
    return _endured(stage, began_us)


@scenario(
    "network-cut",
    "All connections to Redis are reset, and each new one, for longer than a lease",
    "the first claim after that",
    at_most_s=BACK_WITHIN_S,
)
def network_cut(stage: Stage) -> float:
    for proxy in _ways(stage):
        proxy.cut()
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    for proxy in _ways(stage):
        proxy.heal()
    return stage.first("claim", now_us())


@scenario(
    "network-holds",
    "Nothing passes for longer than a lease, and nobody is told; then everything does",
    "the first claim after that",
    at_most_s=BACK_WITHIN_S,
)
def network_holds(stage: Stage) -> float:
    for proxy in _ways(stage):
        proxy.hold()
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    for proxy in _ways(stage):
        proxy.heal()
    return stage.first("claim", now_us())


@scenario(
    "connections-forgotten",
    "All connections to Redis lead nowhere, and nobody is told (half-open); new ones work",
    "the longest time without a claim in the next 12 s",
    explains=["worker cut off"],
)
def connections_forgotten(stage: Stage) -> float:
    stage.system.hurt(WORKERS, "cut off")
    began_us = now_us()
    for proxy in _ways(stage):
        proxy.forget()
    stage.pass_time(FORGOTTEN_FOR_S)
    stage.first("open", began_us)
    return stage.longest_silence(began_us)


@scenario(
    "idle-connections-forgotten",
    "The same while no job is there; then one is submitted",
    "it is claimed, after its submission",
    explains=["worker cut off"],
)
def idle_connections_forgotten(stage: Stage) -> float:
    with stage.quiet():
        for proxy in _ways(stage):
            proxy.forget()
        submitted_us = now_us()
        stage.crowd.submit("take_steadily", 0)
        recovery_s = stage.first("claim", submitted_us)
    for proxy in _ways(stage):
        proxy.heal()
    return recovery_s


@scenario(
    "worker-cut-off",
    "One of two workers is cut off from Redis for longer than its lease",
    "all of its jobs are put back",
    at_most_s=PUT_BACK_WITHIN_S,
    explains=["worker cut off"],
)
def worker_cut_off(stage: Stage) -> float:
    jobs = stage.occupy(WORKERS[0])
    stage.system.hurt([WORKERS[0]], "cut off")
    cut_us = now_us()
    stage.system.proxies[WORKERS[0]].cut()
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    stage.system.proxies[WORKERS[0]].heal()
    return stage.put_back(jobs, cut_us)


def _ways(stage: Stage) -> Iterable[ToxicProxy]:
    return stage.system.proxies.values()


def _endured(stage: Stage, began_us: int) -> float:
    stage.pass_time(SLOW_FOR_S)
    longest_s = stage.longest_silence(began_us)
    for proxy in _ways(stage):
        proxy.heal()
    return longest_s
