"""Times as LastIn writes them: microseconds since the epoch inside, RFC 3339 in UTC outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_TIME_US = 253_402_300_799_999_968
"""The last moment of the year 9999 that a score in Redis holds; RFC 3339 can write no later year."""


def is_time_us(value: Any) -> bool:
    """Whether somebody gave a time: a whole number of µs since the epoch, until the year 9999."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LATEST_TIME_US


@overload
def rfc3339(time_us: int) -> str: ...
@overload
def rfc3339(time_us: None) -> None: ...
def rfc3339(time_us: int | None) -> str | None:
    """Microseconds since the epoch as RFC 3339 in UTC, always with six decimals and ``Z``; None stays None."""
    if time_us is None:
        return None
    second, us = divmod(time_us, 1_000_000)
    return f"{_to_the_second(second)}.{us:06}Z"


@lru_cache(maxsize=4096)
def _to_the_second(second: int) -> str:
    """The jobs of a page or a batch have many times within the same seconds."""
    return (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")


def to_us(time: datetime) -> int:
    """An aware datetime as microseconds since the epoch, without going through a float."""
    return (time - EPOCH) // timedelta(microseconds=1)
