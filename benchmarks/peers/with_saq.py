"""SAQ: asyncio, as many jobs at once as the others have threads."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..driver.peer import QueuePeer, RedisCommand


class Saq(QueuePeer):
    name = "saq"
    title = "SAQ"
    packages = ("saq",)
    modules = ("saq",)
    setting = "a concurrency of 8, jobs kept for 600 s"
    rate = 3_000
    starting_s = 1.0
    options: Mapping[str, Any] = MappingProxyType({})

    def worker(self, processes: int, threads: int) -> list[str]:
        saq = (sys.executable, "-m", "saq", "benchmarks.peers.saq_tasks.settings")
        return ["env", f"BENCH_CONCURRENCY={threads}", *saq, "--workers", str(processes), "--quiet"]

    def left(self) -> list[RedisCommand]:
        return [("ZCARD", "saq:default:incomplete")]

    def prepare(self) -> None:
        from . import saq_tasks as tasks

        self._queue = tasks.queue
        self._loop = asyncio.new_event_loop()

    def send(self) -> None:
        self._loop.run_until_complete(self._queue.enqueue("noop", **self.options))

    def send_many(self, count: int, task: str = "noop") -> None:
        self._loop.run_until_complete(self._send_many(count, task))

    async def _send_many(self, count: int, task: str) -> None:
        for begin in range(0, count, 100):
            some = range(min(100, count - begin))
            await asyncio.gather(*(self._queue.enqueue(task, **self.options) for _ in some))

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._loop.run_until_complete(self._queue.enqueue("stamp", due_ns=due_ns, work_ms=work_ms, **self.options))


class Tuned(Saq):
    """A process for each of two cores, with uvloop, and more at once than the others have threads."""

    name = "saq-tuned"
    title = "SAQ, tuned"
    setting = "2 processes, a concurrency of 50 in each, uvloop, ended jobs not kept"
    options = MappingProxyType({"ttl": -1})
    rate = 6_000

    def worker(self, processes: int, threads: int) -> list[str]:
        command = super().worker(2 * processes, 50)
        return [command[0], "BENCH_UVLOOP=1", *command[1:]]


PEER = Saq()
TUNED = Tuned()
