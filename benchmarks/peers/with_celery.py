"""Celery over Redis; results are ignored."""

from __future__ import annotations

import sys

from ..driver.peer import QueuePeer, RedisCommand


class Celery(QueuePeer):
    name = "celery"
    title = "Celery"
    packages = ("celery", "kombu")
    modules = ("celery",)
    setting = "defaults (8 processes), results ignored"
    pool: tuple[str, ...] = ("--concurrency", "8")
    rate = 2_500
    starting_s = 1.0

    def worker(self, processes: int, threads: int) -> list[str]:
        if processes != 1:
            raise ValueError("one Celery worker is asked for")
        celery = (sys.executable, "-m", "celery", "-A", "benchmarks.peers.celery_tasks")
        return [*celery, "worker", "--loglevel", "ERROR", *self.pool]

    def left(self) -> list[RedisCommand]:
        return [("LLEN", "celery"), ("HLEN", "unacked")]

    def prepare(self) -> None:
        from . import celery_tasks as tasks

        self._tasks = tasks

    def send(self) -> None:
        self._tasks.noop.delay()

    def send_many(self, count: int, task: str = "noop") -> None:
        for _ in range(count):
            getattr(self._tasks, task).delay()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.delay(due_ns, work_ms)


class Tuned(Celery):
    """Threads, that read far ahead. Its fastest pool is ``solo``, which runs one job at a time."""

    name = "celery-tuned"
    title = "Celery, tuned"
    setting = "8 threads, a prefetch multiplier of 128, no gossip, mingle and heartbeat, results ignored"
    pool = (
        *("--pool", "threads", "--concurrency", "8", "--prefetch-multiplier", "128"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )


PEER = Celery()
TUNED = Tuned()
