"""When ticks are: aligned to the epoch, or by cron. Times are microseconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from middleware.clock import to_us

from .clock import from_us
from .crontab import ALL, parse_crontab
from .durations import format_duration

LONGEST_LOOK_BACK_S = 1 << 29
"""About 17 years: the longest stretch between two ticks of a cron is eight years (29 February, around 2100)."""


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
        """How many ticks lie between the two, both left out."""
        return max(0, (before_us - 1) // self.period_us - after_us // self.period_us)

    def __str__(self) -> str:
        return f"every {format_duration(self.period_us)}"


@dataclass(frozen=True)
class Cron:
    """The times that a cron expression names on the clocks of a time zone.

    APScheduler's ``CronTrigger`` is asked in UTC, about wall time, and the answer is put into the zone here: asked in a
    zone, 3.11 leaves out the midnight after the clocks went forward. Where clocks are changed, the rules of cron(8)
    hold: with a wild hour (``*`` or ``*/2``) ticks go by elapsed time; otherwise a time that is skipped comes as soon
    as the gap is over, and one that is there twice counts the first time only.

    Raises:
      ValueError: the expression can't be read, or names no time at all.
    """

    expression: str
    timezone: ZoneInfo
    _hour_is_wild: bool = field(init=False, repr=False, compare=False)
    _triggers: tuple[CronTrigger, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cron = parse_crontab(self.expression)
        days = [(cron.day, ALL), (ALL, cron.weekday)] if cron.either_day else [(cron.day, cron.weekday)]
        triggers = tuple(
            CronTrigger(
                second=cron.second,
                minute=cron.minute,
                hour=cron.hour,
                day=day,
                month=cron.month,
                day_of_week=weekday,
                timezone=UTC,
            )
            for day, weekday in days
        )
        object.__setattr__(self, "_hour_is_wild", cron.hour_is_wild)
        object.__setattr__(self, "_triggers", triggers)
        self.after(0)

    def after(self, time_us: int) -> int:
        wall = self._wall(time_us)
        tick_us = None
        while tick_us is None:
            wall = self._wall_after(wall)
            tick_us = self._first_time_of(wall, later_than_us=time_us)
        return self._in_repeated_hour(time_us, tick_us) or tick_us

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

    def _wall(self, time_us: int) -> datetime:
        """What the zone's clocks show, as a datetime that claims to be UTC: wall time without gaps and repeats."""
        return from_us(time_us).astimezone(self.timezone).replace(tzinfo=UTC, fold=0)

    def _wall_after(self, wall: datetime) -> datetime:
        start = wall + timedelta(microseconds=1)
        found = [trigger.get_next_fire_time(None, start) for trigger in self._triggers]
        times: list[datetime] = [time for time in found if time is not None]
        if not times:
            raise ValueError("it names a date that never comes")
        return min(times)

    def _first_time_of(self, wall: datetime, later_than_us: int) -> int | None:
        """The first time later than ``later_than_us`` at which a tick planned for ``wall`` is due."""
        early, late = (to_us(wall.replace(tzinfo=self.timezone, fold=fold)) for fold in (0, 1))
        if self._wall(early) != wall:  # the clocks skip it: PEP 495 then puts fold=1 before the gap, fold=0 after it
            times = [] if self._hour_is_wild else [self._change_between(late, early)]
        else:
            times = [early, late] if self._hour_is_wild else [early]
        return min((time for time in times if time > later_than_us), default=None)

    def _in_repeated_hour(self, after_us: int, tick_us: int) -> int | None:
        """A tick in an hour that comes again, when one lies between ``after_us`` and ``tick_us``."""
        if not self._hour_is_wild or self._offset(tick_us) >= self._offset(after_us):
            return None
        back_us = self._change_between(after_us, tick_us)
        wall = self._wall_after(self._wall(back_us) - timedelta(microseconds=1))
        again_us = to_us(wall.replace(tzinfo=self.timezone, fold=1))
        return again_us if after_us < again_us < tick_us else None

    def _change_between(self, low_us: int, high_us: int) -> int:
        """When, after ``low_us`` and not after ``high_us``, the zone's offset changes from what it is at ``low_us``."""
        before = self._offset(low_us)
        while high_us - low_us > 1:
            middle_us = (low_us + high_us) // 2
            low_us, high_us = (middle_us, high_us) if self._offset(middle_us) == before else (low_us, middle_us)
        return high_us

    def _offset(self, time_us: int) -> timedelta:
        return from_us(time_us).astimezone(self.timezone).utcoffset() or timedelta(0)
