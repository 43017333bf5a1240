"""Everything at once: a crash of all, a new version, and a storm of faults."""

from __future__ import annotations

from .of_redis import drop_connections
from .scenarios import scenario
from .stage import Stage, now_us
from .system import PROCESSES, WORKERS

GUSTS = 15
BETWEEN_S = 0.5


@scenario(
    "everything-killed",
    "Everything is killed with -9, Redis too, and started again",
    "the first claim, all starts included",
    explains=["worker killed"],
)
def everything_killed(stage: Stage) -> float:
    killed_us = stage.system.crash([*PROCESSES, "redis"])
    stage.system.server.start()
    for name in PROCESSES:
        stage.system.start_process(name)
    recovery_s = stage.first("claim", killed_us)
    stage.first_accepted(now_us())
    return recovery_s


@scenario(
    "restarted",
    "Each process is told to end (SIGTERM) and started again, one after the other, as a new version comes",
    "the longest time without a claim while the workers and the scheduler are",
)
def restarted(stage: Stage) -> float:
    stage.system.end("web")
    stage.system.start_process("web")
    stage.works_again("web")
    began_us = now_us()
    for name in (*WORKERS, "scheduler"):
        stage.system.end(name)
        stage.system.start_process(name)
        stage.works_again(name)
    return stage.longest_silence(began_us)


@scenario(
    "storm",
    "Fifteen faults in a row, whichever come, half a second apart",
    "the first claim and the first 201 after the last one",
    explains=["worker killed", "worker stopped", "worker cut off"],
)
def storm(stage: Stage) -> float:
    stage.system.hurt(WORKERS, "cut off")
    for gust in stage.chance.choices((_kill, _kill, _freeze, _cut, _hold, drop_connections, _kill_redis), k=GUSTS):
        gust(stage)
        stage.pass_time(BETWEEN_S)
    over_us = now_us()
    return max(stage.first("claim", over_us), stage.first_accepted(over_us))


def _kill(stage: Stage) -> None:
    name = stage.chance.choice(PROCESSES)
    stage.system.crash([name])
    stage.system.start_process(name)


def _freeze(stage: Stage) -> None:
    name = stage.chance.choice(PROCESSES)
    stage.system.freeze([name])
    stage.pass_time(BETWEEN_S)
    stage.system.thaw([name])


def _cut(stage: Stage) -> None:
    proxy = stage.system.proxies[stage.chance.choice(PROCESSES)]
    proxy.cut()
    stage.pass_time(BETWEEN_S)
    proxy.heal()


def _hold(stage: Stage) -> None:
    proxy = stage.system.proxies[stage.chance.choice(PROCESSES)]
    proxy.hold()
    stage.pass_time(BETWEEN_S)
    proxy.heal()


def _kill_redis(stage: Stage) -> None:
    stage.system.crash(["redis"])
    stage.system.server.start()
