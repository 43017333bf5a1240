"""huey over Redis, with threads. It has no acknowledgements: what a dying worker had taken is lost."""

from __future__ import annotations

import sys

from ..driver.peer import QueuePeer, RedisCommand


class Huey(QueuePeer):
    name = "huey"
    title = "huey"
    packages = ("huey",)
    modules = ("huey",)
    stock = 9_000

    def worker(self, processes: int, threads: int) -> list[str]:
        if processes != 1:
            raise ValueError("one huey consumer is one process of threads")
        consumer = [sys.executable, "-m", "huey.bin.huey_consumer", "benchmarks.peers.huey_tasks.huey"]
        return [*consumer, "--workers", str(threads), "--worker-type", "thread", "--quiet"]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "huey.redis.bench")]

    def prepare(self) -> None:
        from . import huey_tasks as tasks

        self._tasks = tasks

    def send(self) -> None:
        self._tasks.noop()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp(due_ns, work_ms)


PEER = Huey()
