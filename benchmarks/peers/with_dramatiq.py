"""Dramatiq with its own RedisBroker, which reads two messages a thread ahead, or as many as its setting says."""

from __future__ import annotations

import json
import sys
from collections.abc import Set

import redis

from ..driver.peer import QueuePeer, RedisCommand


class Dramatiq(QueuePeer):
    name = "dramatiq"
    title = "Dramatiq, RedisBroker"
    packages = ("dramatiq", "redis")
    rate = 3_000

    def worker(self, processes: int, threads: int) -> list[str]:
        return [
            *(sys.executable, "-m", "dramatiq", "benchmarks.peers.dramatiq_tasks", "--skip-logging"),
            *("--processes", str(processes), "--threads", str(threads), "--worker-shutdown-timeout", "2000"),
        ]

    def left(self) -> list[RedisCommand]:
        # The hash of messages holds those that wait and those that workers have fetched.
        return [("HLEN", "dramatiq:default.msgs")]

    def oldest_ms(self, client: redis.Redis, started: Set[int]) -> float | None:
        messages = [json.loads(message) for message in client.hvals("dramatiq:default.msgs")]
        return min((m["message_timestamp"] for m in messages if m["args"][0] not in started), default=None)

    def prepare(self) -> None:
        from . import dramatiq_tasks as tasks

        self._tasks = tasks

    def send(self) -> None:
        self._tasks.noop.send()

    def send_many(self, count: int, task: str = "noop") -> None:
        actor = getattr(self._tasks, task)
        for _ in range(count):
            actor.send()

    def fill(self, count: int, task: str) -> None:
        """What the broker's script writes for each message, through a pipeline."""
        actor, client = getattr(self._tasks, task), self._tasks.broker.client
        for begin in range(0, count, 1000):
            with client.pipeline(transaction=False) as pipe:
                for _ in range(min(1000, count - begin)):
                    message = actor.message()
                    message = message.copy(options={"redis_message_id": message.message_id})
                    pipe.hset("dramatiq:default.msgs", message.message_id, message.encode())
                    pipe.rpush("dramatiq:default", message.message_id)
                pipe.execute()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.send_with_options(args=(due_ns, work_ms), delay=delay_ms or None)


class Tuned(Dramatiq):
    """Its consumer sleeps for 5 to 10 ms whenever it has read ahead as much as it may: seldom, with this."""

    name = "dramatiq-tuned"
    title = "Dramatiq, RedisBroker, tuned"
    setting = "dramatiq_queue_prefetch=1000"
    rate = 6_000

    def worker(self, processes: int, threads: int) -> list[str]:
        return ["env", Tuned.setting, *super().worker(processes, threads)]


PEER = Dramatiq()
TUNED = Tuned()
