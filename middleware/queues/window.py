"""A window as the API shows it, and as Redis keeps it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from ..clock import rfc3339
from ..commands.keys import QUEUE_NAME
from ..commands.layout import unpack_window
from .policy import Order

WINDOW_ID = re.compile(rf"{QUEUE_NAME.pattern}\.[0-9]{{1,15}}")
"""The queue's name and the window's number in it."""

OpenedBy = Literal["tick", "operator", "command"]
CloseReason = Literal["credits", "empty", "time", "replaced", "operator"]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which jobs of a queue may be claimed, and what came of it. Times are Redis server time in µs.

    ``claimed = running + processed + retried + rejected + cancelled + put_back`` and ``claimed <= credits``, always.
    ``oldest_wait_us`` and ``left_waiting`` say what was on the stack when it closed. ``opener`` and ``closer`` did so
    by hand: the subject of a token, or a user of the command line.
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
    opener: str | None = None
    closer: str | None = None

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


def window_from(queue: str, number: int, packed: bytes) -> Window:
    """A window from its packed record."""
    w = unpack_window(packed)
    return Window(
        id=f"{queue}.{number}",
        queue=queue,
        number=number,
        opened_by=cast("OpenedBy", w.opened_by),
        tick_ms=w.tick,
        opened_at_us=w.opened_at,
        closes_at_us=w.closes_at,
        closed_at_us=w.closed_at,
        close_reason=cast("CloseReason | None", w.close_reason),
        order=cast("Order", w.order),
        oldest_share_ppm=w.share,
        credits=w.credits,
        claimed=w.claimed,
        running=w.running,
        processed=w.processed,
        retried=w.retried,
        rejected=w.rejected,
        cancelled=w.cancelled,
        put_back=w.put_back,
        first_claim_at_us=w.first_claim,
        last_claim_at_us=w.last_claim,
        oldest_wait_us=w.oldest_wait,
        left_waiting=w.left_waiting,
        opener=w.opener,
        closer=w.closer,
    )
