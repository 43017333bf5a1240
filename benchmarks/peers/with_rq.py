"""RQ: a process for each job at work, as many at once as the others have threads."""

from __future__ import annotations

import os
import sys

from ..driver.peer import QueuePeer, RedisCommand


class Rq(QueuePeer):
    name = "rq"
    title = "RQ"
    packages = ("rq",)
    modules = ("rq",)
    stock = 600

    def worker(self, processes: int, threads: int) -> list[str]:
        pool = [sys.executable, "-m", "rq.cli", "worker-pool", "--num-workers", str(processes * threads)]
        return [*pool, "--config", "benchmarks.peers.rq_settings", "--quiet", "default"]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "rq:queue:default"), ("ZCARD", "rq:wip:default")]

    def prepare(self) -> None:
        from redis import Redis
        from rq import Queue

        from . import rq_tasks

        self._tasks = rq_tasks
        self._queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))

    def send(self) -> None:
        self._queue.enqueue(self._tasks.noop)

    def send_many(self, count: int) -> None:
        from rq import Queue

        self._queue.enqueue_many([Queue.prepare_data(self._tasks.noop) for _ in range(count)])

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._queue.enqueue(self._tasks.stamp, due_ns, work_ms)


PEER = Rq()
