"""Queues as operators see them: how each stands, and whether it is paused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgpack

from ..clock import rfc3339
from ..commands import keys
from ..commands.client import RedisClient
from ..jobs import JobStatus
from ..processes.registry import LiveProcess, Threads, threads_of
from ..store.filters import INDEXES
from .policy import POLICY_FIELDS, Mode, Order, OrderNow, Policy, policy_from
from .wait_bound import FULL_WINDOWS, wait_bound_us
from .window import Window, window_from

GateWord = Literal["open", "closed", "paused"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is handed out. ``by``: who said so."""

    reason: str
    by: str
    at_us: int

    def as_dict(self) -> dict[str, Any]:
        return {"reason": self.reason, "by": self.by, "at": rfc3339(self.at_us)}


@dataclass(frozen=True, slots=True)
class PauseEvent:
    """A pause or its end, as the history keeps it."""

    event: Literal["paused", "resumed"]
    reason: str | None
    by: str
    at_us: int

    def as_dict(self) -> dict[str, Any]:
        return {"event": self.event, "reason": self.reason, "by": self.by, "at": rfc3339(self.at_us)}


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """How a queue stood at one moment. Times are Redis server time in µs.

    ``oldest_age_us``: how far back the lowest place on the stack lies, which is how long that job has been waited for.
    ``next_window_at_us``: as the cadence in force has it; None in continuous mode, and when no scheduler is at work.
    ``wait_bound_us``: see :mod:`.wait_bound`; None where no bound is known, as in a pause.
    """

    name: str
    mode: Mode
    order: Order
    order_now: OrderNow
    gate: GateWord
    pause: Pause | None
    window: Window | None
    next_window_at_us: int | None
    counts: dict[JobStatus, int]
    accepted: int
    pruned: int
    oldest_age_us: int | None
    wait_bound_us: int | None
    threads: Threads

    def as_dict(self) -> dict[str, Any]:
        """The queue as the API shows it: every key always there, times as RFC 3339 in UTC."""
        return {
            "name": self.name,
            "mode": self.mode,
            "order": self.order,
            "order_now": self.order_now,
            "gate": self.gate,
            "pause": self.pause.as_dict() if self.pause else None,
            "window": self.window.as_dict() if self.window else None,
            "next_window_at": rfc3339(self.next_window_at_us),
            "counts": {status.value: count for status, count in self.counts.items()},
            "accepted": self.accepted,
            "pruned": self.pruned,
            "oldest_age_s": None if self.oldest_age_us is None else self.oldest_age_us / 1_000_000,
            "wait_bound_s": None if self.wait_bound_us is None else self.wait_bound_us / 1_000_000,
            "threads": {"total": self.threads.total, "idle": self.threads.idle},
        }


class QueueControl:
    """Looks at queues, pauses them and lets them go on.

    Every method raises RedisAwayError when Redis doesn't answer.

    Parameters:
      processes: the processes that live.
      default_mode: the mode of a queue that has no policy yet.
    """

    def __init__(
        self, redis: RedisClient, *, processes: Callable[[], Iterable[LiveProcess]], default_mode: Mode
    ) -> None:
        self._redis = redis
        self._processes = processes
        self._default_mode = default_mode

    def is_known(self, queue: str) -> bool:
        """True when a task declares the queue, or another program has declared it here."""
        return queue in self._redis.queues()

    def all(self) -> list[QueueStanding]:
        """How all queues stand, by name."""
        processes = list(self._processes())
        return [self._standing(name, processes) for name in sorted(self._redis.queues())]

    def get(self, queue: str) -> QueueStanding | None:
        """How a queue stands; None when there is no such queue."""
        return self._standing(queue, self._processes()) if self.is_known(queue) else None

    def pause(self, queue: str, *, by: str, reason: str) -> bool:
        """Hand nothing out from now on; what runs goes on. False: it was paused already, and that pause stays."""
        return bool(self._redis.queue(queue).pause("pause", by, reason))

    def resume(self, queue: str, *, by: str, reason: str | None = None) -> bool:
        """End a pause. False: there was none."""
        return bool(self._redis.queue(queue).pause("resume", by, reason or ""))

    def pauses(self, queue: str, *, limit: int = 50) -> list[PauseEvent]:
        """The last pauses and their ends, newest first."""
        rows = self._redis.call("LRANGE", keys.pauses(queue), 0, limit - 1)
        return [_pause_event(*msgpack.unpackb(row)) for row in rows]

    def _standing(self, queue: str, processes: Iterable[LiveProcess]) -> QueueStanding:
        indexes = list(INDEXES.values())
        answer = self._redis.queue(queue).standing(FULL_WINDOWS, POLICY_FIELDS, indexes)
        now_us, gate, order_now, pause, number, window, next_tick, oldest, are_full, accepted, pruned = answer[:11]
        counts = dict(zip(INDEXES, answer[11 + len(POLICY_FIELDS) :], strict=True))
        fields = answer[11 : 11 + len(POLICY_FIELDS)]
        policy = policy_from(fields) if fields[0] else Policy(mode=self._default_mode)
        next_us = int(next_tick) * 1000 if next_tick else None
        bound_us = wait_bound_us(
            policy, waiting=counts[JobStatus.QUEUED], running=counts[JobStatus.RUNNING], are_full=bool(are_full)
        )
        return QueueStanding(
            name=queue,
            mode=policy.mode,
            order=policy.order,
            order_now=order_now.decode(),
            gate=gate.decode(),
            pause=_pause(*msgpack.unpackb(pause)) if pause else None,
            window=window_from(queue, number, window) if number else None,
            next_window_at_us=next_us,
            counts=counts,
            accepted=accepted,
            pruned=pruned,
            oldest_age_us=None if oldest < 0 else max(0, now_us - oldest),
            wait_bound_us=None if pause or next_us is None else bound_us,
            threads=threads_of(queue, processes),
        )


def _pause(at_us: int, by: str, reason: str) -> Pause:
    return Pause(reason, by, at_us)


def _pause_event(word: str, at_us: int, by: str, reason: str) -> PauseEvent:
    event = "paused" if word == "pause" else "resumed"
    return PauseEvent(cast("Literal['paused', 'resumed']", event), reason or None, by, at_us)
