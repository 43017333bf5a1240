"""Consumption windows of all queues: open, close and look at them; and the policies that they go by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from ..clock import rfc3339
from ..commands import keys
from ..commands.client import RedisClient
from ..commands.types import IdempotencyKey
from ..errors import KeyReusedError, RedisAwayError, WindowRefusedError
from ..store.reading import Cursor
from .policy import NextTick, OrderNow, Policy
from .window import WINDOW_ID, OpenedBy, Window, window_from

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OrderSwitch:
    """A change of the adaptive order. ``waited_us``: what the oldest waiting job had waited by then."""

    at_us: int
    order: OrderNow
    waited_us: int


@dataclass(frozen=True, slots=True)
class NextWindow:
    """When the next window opens (None: none is planned), and what it would let through if it opened now.

    ``count``: how many jobs; ``job_ids``: the first of them in the order of their claims."""

    queue: str
    opens_at_us: int | None
    count: int
    job_ids: list[str]

    def as_dict(self) -> dict[str, Any]:
        return {
            "queue": self.queue,
            "opens_at": rfc3339(self.opens_at_us),
            "count": self.count,
            "job_ids": self.job_ids,
        }


@dataclass(frozen=True, slots=True)
class WindowPage:
    """Some windows, newest first. Only ``next is None`` means the end."""

    windows: list[Window]
    next: Cursor | None


class Windows:
    """Policies and windows of all queues.

    Every method raises RedisAwayError when Redis doesn't answer. Writing a policy, closing and reading are
    repeated while patience allows; opening never is: a call whose answer was lost may have opened a window.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def put_policy(
        self, queue: str, policy: Policy, *, next_tick_ms: NextTick = "keep", later_ticks_ms: Sequence[int] = ()
    ) -> bool:
        """Put a policy in force; True if it changed anything. An open window keeps the rule it was opened with.

        ``next_tick_ms``: when the cadence opens the next window, None: it opens none, "keep": as it was noted last.
        ``later_ticks_ms``: when it opens those after that one, where they don't come in even steps.
        """
        return self._redis.queue(queue).put_policy(
            policy.fields(), next_tick_ms=next_tick_ms, later_ticks_ms=later_ticks_ms
        )

    def index_groups(self, queue: str) -> bool:
        """Put the jobs that wait into the index of groups, for a moment; True if it is to be called again. Until it is
        whole, claims go by the order alone."""
        return self._redis.queue(queue).index_groups()

    def switches(self, queue: str) -> list[OrderSwitch]:
        """The last changes of an adaptive order, newest first; at most 100 are kept."""
        rows = self._redis.call("LRANGE", keys.switches(queue), 0, -1)
        return [OrderSwitch(*msgpack.unpackb(row)) for row in rows]

    def open(
        self,
        queue: str,
        *,
        opened_by: OpenedBy,
        tick_ms: int | None = None,
        credits: int | None = None,
        lasts_us: int | None = None,
        next_tick_ms: int | None = None,
        by: str | None = None,
        missed_since: Callable[[int], int] = lambda time_us: 0,
    ) -> Window:
        """Open a window by the policy in force; an open one is replaced.

        ``credits``: 0 = no bound; ``lasts_us``: 0 = until something else ends it; None: as the policy has it.
        ``next_tick_ms``: the tick after this one; ``missed_since``: how many ticks lie between a time in µs and this
        one. They are those that nobody has opened, and are counted by whoever opens the next one. ``by``: who does
        so, by hand.

        One over an empty stack comes back closed when the policy says ``close_when_empty``.

        Raises:
          WindowRefusedError: the tick isn't later than the last one, or is more than a second ahead; there is no
            policy yet; the queue is continuous.
        """
        answer = self._redis.queue(queue).open_window(
            opened_by, tick_ms, credits, lasts_us, next_tick_ms=next_tick_ms, by=by
        )
        match answer:
            case [b"opened", number, packed, unopened_since_us]:
                if (missed := missed_since(unopened_since_us)) > 0:
                    self._count_missed(queue, missed)
                return window_from(queue, number, packed)
        raise WindowRefusedError(_refusal(queue, tick_ms, answer))

    def _count_missed(self, queue: str, missed: int) -> None:
        try:
            self._redis.link.call("HINCRBY", keys.counters(queue), "windows_missed", missed)
        except RedisAwayError as error:
            logger.warning("Queue %r: %d missed ticks aren't counted: %s", queue, missed, error)

    def open_once(
        self, queue: str, *, credits: int | None, lasts_us: int | None, key: IdempotencyKey, by: str | None = None
    ) -> tuple[Window, bool]:
        """Open a window for an operator (``by``), as :meth:`open`, unless the same request did within a day under the
        same ``key``: then that window is given as it is now, and True.

        Raises:
          KeyReusedError: another request was sent under this key.
          WindowRefusedError: as :meth:`open`.
        """
        answer = self._redis.queue(queue).open_window("operator", None, credits, lasts_us, key=key, by=by)
        match answer:
            case [b"opened", number, packed, _]:
                return window_from(queue, number, packed), False
            case [b"replayed", number, packed]:
                opened = window_from(queue, number, packed)
                # One in which nothing was claimed isn't kept: it is shown as it was opened.
                return self.get(opened.id) or opened, True
            case [b"reused"]:
                raise KeyReusedError("Another request was sent under this idempotency key. Choose a new key.")
        raise WindowRefusedError(_refusal(queue, None, answer))

    def ring_again(self, queue: str) -> bool:
        """Wake a worker if jobs wait that may be claimed, whoever heard the doorbell before; whether jobs wait. Sent
        once: a ring that is lost costs no more than one that nobody hears."""
        return self._redis.queue(queue).ring_again()[1]

    def get(self, window_id: str) -> Window | None:
        """The window with this id, or None; one of a tick isn't kept if nothing was claimed when it closed."""
        queue, number = _parts(window_id)
        if number is None:
            return None
        packed = self._redis.queue(queue).get_window(number)
        return window_from(queue, number, packed) if packed else None

    def close(self, window_id: str, *, by: str | None = None) -> Window | None:
        """Close a window if it is open, and give it as it is then; None when there is none. ``by``: who does so."""
        queue, number = _parts(window_id)
        if number is None:
            return None
        packed = self._redis.queue(queue).close_window(number, by)
        return window_from(queue, number, packed) if packed else None

    def next(self, queue: str, *, limit: int = 100) -> NextWindow:
        """The window that opens next, with at most ``limit`` ids."""
        next_tick_ms, count, ids = self._redis.queue(queue).preview_window(limit)
        return NextWindow(queue, None if next_tick_ms is None else next_tick_ms * 1000, count, ids)

    def page(self, *, queue: str | None = None, limit: int = 50, cursor: Cursor | None = None) -> WindowPage:
        """One page of windows, of one queue or of all, newest first by the time of opening, all below ``cursor``."""
        rows: list[tuple[Cursor, int, bytes]] = []
        for name in [queue] if queue else sorted(self._redis.queues()):
            below = None if cursor is None else cursor.seq_below(name)
            found = self._redis.queue(name).get_windows(below, limit + 1)
            rows += [(Cursor(seq, name), number, packed) for number, seq, packed in found]
        rows.sort(reverse=True)
        shown = rows[:limit]
        windows = [window_from(at.queue, number, packed) for at, number, packed in shown]
        return WindowPage(windows, shown[-1][0] if len(rows) > limit else None)


def _refusal(queue: str, tick_ms: int | None, answer: list[Any]) -> str:
    match answer:
        case [b"no_policy"]:
            return f"Queue {queue!r} has no policy yet: start the scheduler, or put one in force first."
        case [b"continuous"]:
            return f"Queue {queue!r} is continuous: its jobs may be claimed at any time, without windows."
        case [b"repeated", last_tick_ms]:
            return f"Tick {tick_ms} of queue {queue!r} isn't later than the last one, {last_tick_ms}."
    _, now_us = answer
    return f"Tick {tick_ms} of queue {queue!r} is more than a second ahead of Redis ({now_us} µs)."


def _parts(window_id: str) -> tuple[str, int | None]:
    if not WINDOW_ID.fullmatch(window_id):
        return "", None
    queue, _, number = window_id.rpartition(".")
    return queue, int(number)
