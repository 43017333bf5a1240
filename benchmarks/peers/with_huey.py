"""huey over Redis, with threads. It has no acknowledgements: what a dying worker had taken is lost."""

from __future__ import annotations

import sys

from ..driver.peer import QueuePeer, RedisCommand


class Huey(QueuePeer):
    name = "huey"
    title = "huey"
    packages = ("huey",)
    modules = ("huey",)
    setting = "8 threads, no results"
    kind: tuple[str, ...] = ("--worker-type", "thread")
    rate = 4_000

    def worker(self, processes: int, threads: int) -> list[str]:
        if processes != 1:
            raise ValueError("one huey consumer is one process of threads")
        consumer = [sys.executable, "-m", "huey.bin.huey_consumer", "benchmarks.peers.huey_tasks.huey"]
        return [*consumer, "--workers", str(threads), *self.kind, "--quiet"]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "huey.redis.bench")]

    def prepare(self) -> None:
        from . import huey_tasks as tasks

        self._tasks = tasks

    def send(self) -> None:
        self._tasks.noop()

    def send_many(self, count: int, task: str = "noop") -> None:
        for _ in range(count):
            getattr(self._tasks, task)()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp(due_ns, work_ms)


class Tuned(Huey):
    """Processes, which have an interpreter each."""

    name = "huey-tuned"
    title = "huey, tuned"
    setting = "8 processes, no results"
    kind = ("--worker-type", "process", "--no-periodic")
    rate = 8_000


PEER = Huey()
TUNED = Tuned()
