"""Spans of the week in which no window may be open: ``22:00-06:00``, ``Sat``, ``Mon-Fri 08:00-17:00``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .clock import from_us

MINUTE_US = 60_000_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
LONGEST_US = 8 * DAY_MINUTES * MINUTE_US
"""No blackout is longer, since spans repeat every week and never cover all of it."""

_WRITTEN = re.compile(
    rf"(?:(?P<first>{'|'.join(DAYS)})(?:-(?P<last>{'|'.join(DAYS)}))?)?"
    r"(?P<gap> +)?"
    r"(?:(?P<from_h>[01]\d|2[0-3]):(?P<from_m>[0-5]\d)-(?P<to_h>[01]\d|2[0-4]):(?P<to_m>[0-5]\d))?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """On each of ``days`` (Monday is 0) from minute ``start`` to minute ``end``, past midnight if that is earlier."""

    days: frozenset[int]
    start: int
    end: int

    def covers(self, weekday: int, minute: int) -> bool:
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        return (weekday in self.days and minute >= self.start) or ((weekday - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Blackout:
    """Spans of local time in a time zone, in whole minutes. Times are microseconds since the epoch."""

    spans: tuple[Span, ...]
    timezone: ZoneInfo

    def __str__(self) -> str:
        spans = (f"{'/'.join(map(str, sorted(span.days)))} {span.start}-{span.end}" for span in self.spans)
        return f"but not on {'; '.join(spans)} ({self.timezone.key})"

    def covers(self, time_us: int) -> bool:
        return self._covers(from_us(time_us).astimezone(self.timezone))

    def end_after(self, time_us: int) -> int:
        """When the blackout that covers ``time_us`` is over."""
        return self._next_minute(time_us, covered=False, before_us=time_us + LONGEST_US)

    def start_after(self, time_us: int, before_us: int) -> int:
        """When the first blackout after ``time_us`` starts; ``before_us`` when none does before that."""
        return self._next_minute(time_us, covered=True, before_us=before_us)

    def _next_minute(self, time_us: int, *, covered: bool, before_us: int) -> int:
        """Goes through whole minutes of UTC, so that daylight saving time needs no rules here."""
        minute_us = time_us // MINUTE_US * MINUTE_US + MINUTE_US
        moment = from_us(minute_us)
        while minute_us < before_us:
            if self._covers(moment.astimezone(self.timezone)) is covered:
                return minute_us
            minute_us += MINUTE_US
            moment += timedelta(minutes=1)
        return before_us

    def _covers(self, local: datetime) -> bool:
        weekday, minute = local.weekday(), local.hour * 60 + local.minute
        return any(span.covers(weekday, minute) for span in self.spans)


def parse_blackout(texts: Sequence[str], timezone: ZoneInfo) -> Blackout:
    """
    Raises:
      ValueError: a span can't be read, or together they leave no time for a window.
    """
    spans = tuple(_parse_span(text) for text in texts)
    if all(any(span.covers(day, minute) for span in spans) for day in range(7) for minute in range(DAY_MINUTES)):
        raise ValueError("together they cover the whole week, which leaves no time for a window")
    return Blackout(spans, timezone)


def _parse_span(text: str) -> Span:
    match = _WRITTEN.fullmatch(text.strip().lower())
    has_days, has_times = (match is not None and match[name] is not None for name in ("first", "from_h"))
    if match is None or not (has_days or has_times) or bool(match["gap"]) is not (has_days and has_times):
        raise ValueError(f"{text!r} isn't a span such as '22:00-06:00', 'Sat', 'Sat-Sun' or 'Mon-Fri 08:00-17:00'")
    start, end = (_minute(match, "from"), _minute(match, "to")) if has_times else (0, DAY_MINUTES)
    if start == end or end > DAY_MINUTES:
        raise ValueError(f"{text!r} must end at another time than it starts, and at 24:00 at the latest")
    return Span(_days(match["first"], match["last"]), start, end)


def _minute(match: re.Match[str], end: str) -> int:
    return int(match[f"{end}_h"]) * 60 + int(match[f"{end}_m"])


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    start = DAYS.index(first)
    length = (DAYS.index(last or first) - start) % 7 + 1
    return frozenset((start + day) % 7 for day in range(length))
