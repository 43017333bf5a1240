"""Consumption windows: what may be claimed when, by whose word, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgpack

from . import keys
from .clock import rfc3339
from .connection import Link
from .errors import WindowRefusedError
from .scripts import QueueScripts
from .sources import WINDOW_FIELDS

WINDOW_ID = re.compile(rf"(?P<queue>{keys.QUEUE_NAME.pattern})\.(?P<number>[0-9]{{1,15}})")

Mode = Literal["windows", "continuous"]
Order = Literal["lifo", "fifo"]
OpenedBy = Literal["tick", "operator", "command"]
CloseReason = Literal["credits", "empty", "time", "replaced", "operator"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the cadence says about a queue.

    ``oldest_share_ppm``: parts per million of the claims; ``batch``: credits of a window, 0 = no bound.
    """

    mode: Mode = "windows"
    order: Order = "lifo"
    oldest_share_ppm: int = 0
    batch: int = 0
    close_when_empty: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which jobs of a queue may be claimed, and what came of it. Times are Redis server time in µs.

    ``claimed = running + processed + retried + rejected + cancelled + put_back`` and ``claimed <= credits``, always.
    ``oldest_wait_us`` and ``left_waiting`` tell what was on the stack when it closed.
    """

    id: str
    queue: str
    number: int
    opened_by: OpenedBy
    tick_ms: int | None
    opened_at_us: int
    closes_at_us: int | None
    closed_at_us: int | None
    close_reason: CloseReason | None
    order: Order
    oldest_share_ppm: int
    credits: int | None
    claimed: int
    running: int
    processed: int
    retried: int
    rejected: int
    cancelled: int
    put_back: int
    first_claim_at_us: int | None
    last_claim_at_us: int | None
    oldest_wait_us: int | None
    left_waiting: int | None

    @property
    def is_open(self) -> bool:
        """True while jobs may be claimed in it."""
        return self.closed_at_us is None

    def as_dict(self) -> dict[str, Any]:
        """The window as the API shows it: every key always there, times as RFC 3339 in UTC."""
        return {
            "id": self.id,
            "queue": self.queue,
            "status": "open" if self.is_open else "closed",
            "opened_by": self.opened_by,
            "tick_at": None if self.tick_ms is None else rfc3339(self.tick_ms * 1000),
            "opened_at": rfc3339(self.opened_at_us),
            "closes_at": rfc3339(self.closes_at_us),
            "closed_at": rfc3339(self.closed_at_us),
            "close_reason": self.close_reason,
            "order": self.order,
            "oldest_share": self.oldest_share_ppm / 1_000_000,
            "credits": self.credits,
            "claimed": self.claimed,
            "running": self.running,
            "processed": self.processed,
            "retried": self.retried,
            "rejected": self.rejected,
            "cancelled": self.cancelled,
            "put_back": self.put_back,
            "first_claim_at": rfc3339(self.first_claim_at_us),
            "last_claim_at": rfc3339(self.last_claim_at_us),
            "oldest_wait_ms": None if self.oldest_wait_us is None else self.oldest_wait_us / 1000,
            "left_waiting": self.left_waiting,
        }


class Windows:
    """Policies and windows of all queues.

    Every method raises RedisAwayError when Redis doesn't answer. Writing a policy, closing and reading are
    repeated while patience allows; opening never is: a call whose answer was lost may have opened a window.
    """

    def __init__(
        self,
        *,
        link: Callable[[], Link],
        scripts: Callable[[str], QueueScripts],
        patiently: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._link = link
        self._scripts = scripts
        self._patiently = patiently

    def put_policy(self, queue: str, policy: Policy) -> bool:
        """Put a policy in force; True if it changed anything. An open window keeps the rule it was opened with."""
        return bool(
            self._patiently(
                lambda: self._scripts(queue).set_policy(
                    policy.mode, policy.order, policy.oldest_share_ppm, policy.batch, policy.close_when_empty
                )
            )
        )

    def policy(self, queue: str) -> Policy | None:
        """The policy in force, None as long as there is none."""
        names = ("mode", "order", "share", "batch", "close_when_empty")
        answer = self._patiently(lambda: self._link().call("HMGET", keys.policy(queue), *names))
        if answer[0] is None:
            return None
        return Policy(answer[0].decode(), answer[1].decode(), int(answer[2]), int(answer[3]), answer[4] == b"1")

    def open(
        self,
        queue: str,
        *,
        opened_by: OpenedBy,
        tick_ms: int | None = None,
        credits: int | None = None,
        lasts_us: int | None = None,
    ) -> Window:
        """Open a window by the policy in force; an open one is replaced.

        One over an empty stack comes back closed when the policy says ``close_when_empty``, and isn't kept.

        Raises:
          WindowRefusedError: the tick isn't later than the last one, or lies more than a second ahead; there is no
            policy yet; the queue is continuous.
        """
        answer = self._scripts(queue).open_window(opened_by, tick_ms, credits or 0, lasts_us or 0)
        if answer[0] != b"opened":
            raise WindowRefusedError(_refusal(queue, tick_ms, answer))
        return _window(queue, answer[1], answer[2])

    def get(self, window_id: str) -> Window | None:
        """The window with this id, or None; one in which nothing was claimed isn't kept after it closed."""
        queue, number = _parts(window_id)
        if number is None:
            return None
        rows = self._patiently(lambda: self._scripts(queue).get_windows(number, number, 1))
        return _window(queue, *rows[0]) if rows else None

    def close(self, window_id: str) -> Window | None:
        """Close a window if it is open, and give it as it is then; None when there is none."""
        queue, number = _parts(window_id)
        if number is None:
            return None
        packed = self._patiently(lambda: self._scripts(queue).close_window(number))
        return _window(queue, number, packed) if packed else None

    def history(self, queue: str, *, limit: int = 50, before: int | None = None) -> list[Window]:
        """The newest windows, or those before number ``before``, newest first."""
        highest = None if before is None else before - 1
        rows = self._patiently(lambda: self._scripts(queue).get_windows(highest, None, limit))
        return [_window(queue, number, packed) for number, packed in rows]


def _refusal(queue: str, tick_ms: int | None, answer: list[Any]) -> str:
    match answer[0]:
        case b"unruled":
            return f"Queue {queue!r} has no policy yet: start the scheduler, or put one in force first."
        case b"continuous":
            return f"Queue {queue!r} is continuous: its jobs may be claimed at any time, without windows."
        case b"repeated":
            return f"Tick {tick_ms} of queue {queue!r} isn't later than the last one, {answer[1]}."
        case _:
            return f"Tick {tick_ms} of queue {queue!r} lies more than a second ahead of Redis ({answer[1]} µs)."


def _parts(window_id: str) -> tuple[str, int | None]:
    found = WINDOW_ID.fullmatch(window_id)
    return (found["queue"], int(found["number"])) if found else ("", None)


def _window(queue: str, number: int, packed: bytes) -> Window:
    w: dict[str, Any] = dict(zip(WINDOW_FIELDS, msgpack.unpackb(packed), strict=True))

    def time(name: str) -> int | None:
        return None if w[name] is False else int(w[name])

    return Window(
        id=f"{queue}.{number}",
        queue=queue,
        number=number,
        opened_by=w["opened_by"],
        tick_ms=time("tick"),
        opened_at_us=w["opened_at"],
        closes_at_us=time("closes_at"),
        closed_at_us=time("closed_at"),
        close_reason=w["close_reason"] or None,
        order=w["order"],
        oldest_share_ppm=w["share"],
        credits=time("credits"),
        claimed=w["claimed"],
        running=w["running"],
        processed=w["processed"],
        retried=w["retried"],
        rejected=w["rejected"],
        cancelled=w["cancelled"],
        put_back=w["put_back"],
        first_claim_at_us=time("first_claim"),
        last_claim_at_us=time("last_claim"),
        oldest_wait_us=time("oldest_wait"),
        left_waiting=time("left_waiting"),
    )
