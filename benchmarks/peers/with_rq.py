"""RQ: a process for each job at work, as many at once as the others have threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..driver.peer import QueuePeer, RedisCommand


class Rq(QueuePeer):
    name = "rq"
    title = "RQ"
    packages = ("rq",)
    modules = ("rq",)
    setting = "defaults: a process for each job, results kept for 500 s"
    rate = 300
    starting_s = 3.0
    kind: tuple[str, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})

    def worker(self, processes: int, threads: int) -> list[str]:
        pool = [sys.executable, "-m", "rq.cli", "worker-pool", "--num-workers", str(processes * threads)]
        return [*pool, "--config", "benchmarks.peers.rq_settings", "--quiet", *self.kind, "default"]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "rq:queue:default"), ("ZCARD", "rq:wip:default")]

    def prepare(self) -> None:
        from redis import Redis
        from rq import Queue

        from . import rq_tasks

        self._tasks = rq_tasks
        self._queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))

    def send(self) -> None:
        self._queue.enqueue(self._tasks.noop, **self.options)

    def send_many(self, count: int, task: str = "noop") -> None:
        from rq import Queue

        function = getattr(self._tasks, task)
        self._queue.enqueue_many([Queue.prepare_data(function, **self.options) for _ in range(count)])

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._queue.enqueue(self._tasks.stamp, due_ns, work_ms, **self.options)


class Tuned(Rq):
    """Workers that run jobs in their own process instead of forking one for each."""

    name = "rq-tuned"
    title = "RQ, tuned"
    setting = "SimpleWorker, results not kept"
    kind = ("--worker-class", "rq.worker.SimpleWorker")
    options = MappingProxyType({"result_ttl": 0})
    rate = 2_500


PEER = Rq()
TUNED = Tuned()
