"""LastIn as it is delivered: the broker, the tasks and all middleware of ``dramatiq tasks``, without windows."""

from __future__ import annotations

import sys

from middleware.commands import keys

from ..driver.peer import QueuePeer, RedisCommand

QUEUE = "default"


class LastIn(QueuePeer):
    name = "lastin"
    title = "LastIn"
    packages = ("dramatiq", "redis", "hiredis", "granian", "flask", "flask-smorest")
    stock = 45_000
    can_delay = True

    def worker(self, processes: int, threads: int) -> list[str]:
        return [
            *(sys.executable, "-m", "dramatiq", "benchmarks.peers.lastin_tasks", "--skip-logging"),
            *("--processes", str(processes), "--threads", str(threads), "--worker-shutdown-timeout", "2000"),
        ]

    def left(self) -> list[RedisCommand]:
        return [("ZCARD", keys.stack(QUEUE)), ("ZCARD", keys.leases(QUEUE))]

    def prepare(self) -> None:
        from middleware.queues.policy import Policy

        from . import lastin_tasks as tasks

        self._tasks = tasks
        tasks.broker.windows.put_policy(QUEUE, Policy(mode="continuous"))

    def send(self) -> None:
        self._tasks.noop.send()

    def send_many(self, count: int) -> None:
        tasks = self._tasks
        for begin in range(0, count, 1000):
            tasks.broker.accept([tasks.noop.message() for _ in range(min(1000, count - begin))])

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.send_with_options(args=(due_ns, work_ms), delay=delay_ms or None)


PEER = LastIn()
