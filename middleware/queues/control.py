"""Queues as operators see them: how each stands, pausing them and letting them go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..commands import keys
from ..commands.client import RedisClient
from ..processes.registry import LiveProcess, threads_of
from .pause import PauseEvent, pause_event_from
from .snapshot import QueueSnapshot, read_snapshot


class QueueControl:
    """Looks at queues, pauses them and lets them go on.

    Every method raises RedisAwayError when Redis doesn't answer.

    Parameters:
      processes: the processes that live.
    """

    def __init__(self, redis: RedisClient, *, processes: Callable[[], Iterable[LiveProcess]]) -> None:
        self._redis = redis
        self._processes = processes

    def is_known(self, queue: str) -> bool:
        """True when a task declares the queue, or another program has declared it here."""
        return queue in self._redis.queues()

    def snapshot(self, queue: str) -> QueueSnapshot | None:
        """A queue as it is now; None when there is no such queue."""
        return read_snapshot(self._redis.queue(queue)) if self.is_known(queue) else None

    def snapshots(self) -> list[QueueSnapshot]:
        """All queues as they are now, by name."""
        return [read_snapshot(self._redis.queue(name)) for name in sorted(self._redis.queues())]

    def describe(self, queue: str) -> dict[str, Any] | None:
        """A queue as the API shows it; None when there is no such queue."""
        found = self.snapshot(queue)
        return None if found is None else found.as_dict(threads_of(queue, self._processes()))

    def describe_all(self) -> list[dict[str, Any]]:
        """All queues as the API shows them, by name."""
        processes = list(self._processes())
        return [found.as_dict(threads_of(found.queue, processes)) for found in self.snapshots()]

    def pause(self, queue: str, *, by: str, reason: str) -> bool:
        """Hand nothing out from now on; what runs goes on. False: it was paused already, and that pause stays."""
        return bool(self._redis.queue(queue).pause("pause", by, reason))

    def resume(self, queue: str, *, by: str, reason: str | None = None) -> bool:
        """End a pause. False: there was none."""
        return bool(self._redis.queue(queue).pause("resume", by, reason or ""))

    def pauses(self, queue: str, *, limit: int = 50) -> list[PauseEvent]:
        """The last pauses and their ends, newest first."""
        rows = self._redis.call("LRANGE", keys.pauses(queue), 0, limit - 1)
        return [pause_event_from(row) for row in rows]
