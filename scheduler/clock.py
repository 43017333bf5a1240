"""What time it is, as the scheduler's parts are told it, so that tests can own it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Protocol

from middleware.clock import EPOCH


class Clock(Protocol):
    """Tells the time in microseconds since the epoch."""

    def now_us(self) -> int: ...


class SystemClock:
    """This machine's own clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


def from_us(time_us: int) -> datetime:
    """An aware datetime in UTC, exactly; the inverse of :func:`middleware.clock.to_us`."""
    return EPOCH + timedelta(microseconds=time_us)
