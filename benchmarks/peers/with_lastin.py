"""LastIn as it is delivered: the broker, the tasks and all middleware of ``dramatiq tasks``, without windows."""

from __future__ import annotations

import sys
from collections.abc import Set
from typing import Any

import redis

from middleware.commands import keys
from middleware.queues.policy import Policy

from ..driver.peer import QueuePeer, RedisCommand

QUEUE = "default"
POLICY = Policy(mode="continuous")
"""Jobs may be claimed at any time, newest first: what workers can do, not what a cadence lets through."""


class LastIn(QueuePeer):
    name = "lastin"
    title = "LastIn"
    packages = ("dramatiq", "redis", "hiredis", "granian", "flask", "flask-smorest")
    setting = "as delivered, with the policy continuous"
    policy = POLICY
    rate = 14_000

    def worker(self, processes: int, threads: int) -> list[str]:
        return [
            *(sys.executable, "-m", "dramatiq", "benchmarks.peers.lastin_tasks", "--skip-logging"),
            *("--processes", str(processes), "--threads", str(threads), "--worker-shutdown-timeout", "2000"),
        ]

    def left(self) -> list[RedisCommand]:
        return [("ZCARD", keys.stack(QUEUE)), ("ZCARD", keys.leases(QUEUE))]

    def oldest_ms(self, client: redis.Redis, started: Set[int]) -> float | None:
        """The ids of tasks are UUIDv7, which begin with the time."""
        lowest = client.zrange(keys.stack(QUEUE), 0, 0)
        return int(str(lowest[0]).replace("-", "")[:12], 16) if lowest else None

    def prepare(self) -> None:
        from . import lastin_tasks as tasks

        self._tasks = tasks
        tasks.broker.windows.put_policy(QUEUE, self.policy)

    def send(self) -> None:
        self._tasks.noop.send()

    def send_many(self, count: int, task: str = "noop") -> None:
        actor = getattr(self._tasks, task)
        for begin in range(0, count, 1000):
            numbers = range(begin, min(count, begin + 1000))
            self._tasks.broker.accept([actor.message_with_options(**self.options(number)) for number in numbers])

    def options(self, number: int) -> dict[str, Any]:
        """Those of the job with this number, of many."""
        return {}

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.send_with_options(args=(due_ns, work_ms), delay=delay_ms or None)


PEER = LastIn()
