"""Processes that are killed, and processes that stand still."""

from __future__ import annotations

from .scenarios import scenario
from .stage import Stage
from .system import LEASE_S, WORKERS

PUT_BACK_WITHIN_S = LEASE_S + 0.5
LONGER_THAN_A_LEASE_S = 2 * LEASE_S
A_MOMENT_S = 2.0


@scenario(
    "worker-killed",
    "One of two workers is killed with -9, and started again",
    "all of its jobs are put back",
    at_most_s=PUT_BACK_WITHIN_S,
    explains=["worker killed"],
)
def worker_killed(stage: Stage) -> float:
    jobs = stage.occupy(WORKERS[0])
    killed_us = stage.system.crash([WORKERS[0]])
    stage.system.start_process(WORKERS[0])
    return stage.put_back(jobs, killed_us)


@scenario(
    "worker-child-killed",
    "The child of a worker that runs its tasks is killed with -9; the worker ends, and is started again",
    "all of its jobs are put back",
    at_most_s=PUT_BACK_WITHIN_S,
    explains=["worker killed"],
)
def worker_child_killed(stage: Stage) -> float:
    jobs = stage.occupy(WORKERS[0])
    killed_us = stage.system.crash_children(WORKERS[0])
    stage.wait(lambda: not stage.system.is_alive(WORKERS[0]), "the worker to end after its child")
    stage.system.start_process(WORKERS[0])
    return stage.put_back(jobs, killed_us)


@scenario(
    "workers-killed",
    "All workers are killed with -9, and started again",
    "the first claim of a new one, its start included",
    explains=["worker killed"],
)
def workers_killed(stage: Stage) -> float:
    killed_us = stage.system.crash(WORKERS)
    for name in WORKERS:
        stage.system.start_process(name)
    return stage.first_claim_of(WORKERS, killed_us)  # what the dead ones had sent may still be carried out


@scenario(
    "worker-stopped",
    "A worker stands still for longer than its lease (SIGSTOP), and goes on",
    "all of its jobs are put back",
    at_most_s=PUT_BACK_WITHIN_S,
    explains=["worker stopped"],
)
def worker_stopped(stage: Stage) -> float:
    jobs = stage.occupy(WORKERS[0])
    stopped_us = stage.system.freeze([WORKERS[0]])
    stage.pass_time(LONGER_THAN_A_LEASE_S)
    stage.system.thaw([WORKERS[0]])
    return stage.put_back(jobs, stopped_us)


@scenario("web-killed", "The web process is killed with -9, and started again", "the first 201, its start included")
def web_killed(stage: Stage) -> float:
    killed_us = stage.system.crash(["web"])
    stage.system.start_process("web")
    return stage.first_accepted(killed_us)


@scenario("web-stopped", "The web process stands still for 2 s (SIGSTOP), and goes on", "the first 201 after that")
def web_stopped(stage: Stage) -> float:
    stage.system.freeze(["web"])
    stage.pass_time(A_MOMENT_S)
    return stage.first_accepted(stage.system.thaw(["web"]))


@scenario(
    "scheduler-killed",
    "The only scheduler is killed with -9, and started again",
    "the next window is open, its start included",
)
def scheduler_killed(stage: Stage) -> float:
    killed_us = stage.system.crash(["scheduler"])
    stage.system.start_process("scheduler")
    return stage.first("open", killed_us)


@scenario(
    "scheduler-stopped",
    "The only scheduler stands still for 2 s (SIGSTOP), and goes on",
    "the next window is open, of one each second",
)
def scheduler_stopped(stage: Stage) -> float:
    stage.system.freeze(["scheduler"])
    stage.pass_time(A_MOMENT_S)
    return stage.first("open", stage.system.thaw(["scheduler"]))
