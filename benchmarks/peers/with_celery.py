"""Celery over Redis, with threads; results are ignored."""

from __future__ import annotations

import sys

from ..driver.peer import QueuePeer, RedisCommand


class Celery(QueuePeer):
    name = "celery"
    title = "Celery"
    packages = ("celery", "kombu")
    modules = ("celery",)
    stock = 5_000

    def worker(self, processes: int, threads: int) -> list[str]:
        if processes != 1:
            raise ValueError("one Celery worker is one process of threads")
        return [
            *(sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery_tasks", "worker", "-l", "ERROR"),
            *("-P", "threads", "-c", str(threads), "--without-gossip", "--without-mingle"),
        ]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "celery"), ("HLEN", "unacked")]

    def prepare(self) -> None:
        from . import celery_tasks as tasks

        self._tasks = tasks

    def send(self) -> None:
        self._tasks.noop.delay()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.delay(due_ns, work_ms)


PEER = Celery()
