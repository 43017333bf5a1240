"""SAQ: asyncio, so many jobs at once as the others have threads."""

from __future__ import annotations

import asyncio
import sys

from ..driver.peer import QueuePeer, RedisCommand


class Saq(QueuePeer):
    name = "saq"
    title = "SAQ"
    packages = ("saq",)
    modules = ("saq",)
    stock = 5_000

    def worker(self, processes: int, threads: int) -> list[str]:
        if threads != 8:
            raise ValueError("saq_tasks.py sets a concurrency of 8")
        return [
            sys.executable,
            "-m",
            "saq",
            "benchmarks.peers.saq_tasks.settings",
            "--workers",
            str(processes),
            "--quiet",
        ]

    def left(self) -> list[RedisCommand]:
        return [("ZCARD", "saq:default:incomplete")]

    def prepare(self) -> None:
        from . import saq_tasks as tasks

        self._queue = tasks.queue
        self._loop = asyncio.new_event_loop()

    def send(self) -> None:
        self._loop.run_until_complete(self._queue.enqueue("noop"))

    def send_many(self, count: int) -> None:
        self._loop.run_until_complete(self._send_many(count))

    async def _send_many(self, count: int) -> None:
        for begin in range(0, count, 100):
            await asyncio.gather(*(self._queue.enqueue("noop") for _ in range(min(100, count - begin))))

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._loop.run_until_complete(self._queue.enqueue("stamp", due_ns=due_ns, work_ms=work_ms))


PEER = Saq()
