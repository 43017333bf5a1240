"""When ticks are: aligned to the epoch, or by cron. Times are microseconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from middleware.clock import to_us

from .clock import from_us
from .durations import format_duration

LONGEST_LOOK_BACK_S = 1 << 29
"""About 17 years: the longest stretch between two ticks of a cron is eight years (29 February, around 2100)."""
HOUR_FIELD = -4
"""Counted from the end: an expression of six fields has the seconds in front."""
ALLOWED = {
    "second": "0-59",
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L or LW, on a date that comes",
    "month": "1-12 or jan-dec",
    "day-of-week": "0-7 or sun-sat, also as 5L or mon#2",
}
"""What a field may hold, by the names that cronsim gives them in its errors."""


class Ticks(Protocol):
    """A sequence of times that is the same on every machine and at every start."""

    def after(self, time_us: int) -> int:
        """The first tick later than ``time_us``."""

    def until(self, time_us: int) -> int | None:
        """The last tick not later than ``time_us``; None when there is none in the 17 years before it."""


@dataclass(frozen=True, slots=True)
class Every:
    """The whole multiples of a period since the epoch."""

    period_us: int

    def after(self, time_us: int) -> int:
        return (time_us // self.period_us + 1) * self.period_us

    def until(self, time_us: int) -> int:
        return time_us // self.period_us * self.period_us

    def count_between(self, after_us: int, before_us: int) -> int:
        """How many ticks there are between the two, both left out."""
        return max(0, (before_us - 1) // self.period_us - after_us // self.period_us)

    def __str__(self) -> str:
        return f"every {format_duration(self.period_us)}"


@dataclass(frozen=True)
class Cron:
    """The times that a cron expression names on the clocks of a time zone.

    cronsim reads the expression and finds its times. Where clocks are changed, the rules of cron(8) hold: with a wild
    hour (``*`` or ``*/2``) ticks go by elapsed time, which cronsim does when it is given the zone. Otherwise a time
    that is skipped comes as soon as the gap is over, and one that is there twice counts the first time only. cronsim
    has that rule for expressions without seconds and with a minute that isn't ``*``. Ours covers all of them: cronsim
    is asked for wall time, and the answer is put into the zone here.

    Raises:
      ValueError: the expression can't be read, or names no time at all.
    """

    expression: str
    timezone: ZoneInfo

    def __post_init__(self) -> None:
        fields = self.expression.split()
        if len(fields) not in (5, 6):
            raise ValueError(f"it has {len(fields)} fields, not 5 (minute hour day month weekday) or 6 (seconds first)")
        try:
            self.after(0)
        except CronSimError as error:
            name = str(error).removeprefix("Bad ")
            forms = "*, 5, 1-5, */10, 10-50/20 or a list of these"
            raise ValueError(f"its {name} must be {forms}, from {ALLOWED[name]}") from None

    def after(self, time_us: int) -> int:
        for tick_us in self._all_after(from_us(time_us).astimezone(self.timezone)):
            if tick_us > time_us:
                return tick_us
        raise ValueError("it names a date that never comes")

    def until(self, time_us: int) -> int | None:
        back_us = 1_000_000
        while not self._has_tick(time_us - back_us, time_us):
            back_us *= 2
            if back_us > LONGEST_LOOK_BACK_S * 1_000_000:
                return None
        low, high = time_us - back_us, time_us
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._has_tick(middle, time_us) else (low, middle)
        return self.after(low)

    def __str__(self) -> str:
        return f"cron {self.expression} ({self.timezone.key})"

    def _has_tick(self, after_us: int, until_us: int) -> bool:
        return self.after(after_us) <= until_us

    def _all_after(self, moment: datetime) -> Iterator[int]:
        """The ticks after a moment, in order; with a fixed hour also some before it, of an hour that is there twice."""
        if self.expression.split()[HOUR_FIELD].startswith("*"):
            yield from map(to_us, CronSim(self.expression, moment))
        else:
            for wall in CronSim(self.expression, moment.replace(tzinfo=None)):
                yield to_us(_first_moment(wall, self.timezone))


def _first_moment(wall: datetime, timezone: ZoneInfo) -> datetime:
    """When the clocks of a zone show ``wall`` for the first time; the end of the gap when they skip it."""
    moment = wall.replace(tzinfo=timezone)
    while moment.astimezone(UTC).astimezone(timezone).replace(tzinfo=None) != wall:
        wall = wall.replace(second=0) + timedelta(minutes=1)
        moment = wall.replace(tzinfo=timezone)
    return moment
