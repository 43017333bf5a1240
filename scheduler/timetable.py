"""When a queue's windows may open and must be closed: its ticks, less its blackouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .blackout import Blackout
from .ticks import Ticks

MOST_BLACKOUTS = 60
"""So many blackouts in a row may swallow ticks before a timetable counts as one that never opens a window."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Times are microseconds since the epoch."""

    ticks: Ticks
    blackout: Blackout | None = None

    def after(self, time_us: int) -> int | None:
        """The first tick later than ``time_us`` at which a window may open; None when there is none."""
        tick_us = self.ticks.after(time_us)
        for _ in range(MOST_BLACKOUTS):
            if self.blackout is None or not self.blackout.covers(tick_us):
                return tick_us
            tick_us = self.ticks.after(self.blackout.end_after(tick_us) - 1)
        return None

    def all_after(self, time_us: int) -> Iterator[int]:
        """All ticks later than ``time_us``, one after the other, without end."""
        tick_us = self.after(time_us)
        while tick_us is not None:
            yield tick_us
            tick_us = self.after(tick_us)

    def until(self, time_us: int) -> int | None:
        """The last tick not later than ``time_us``; None when it lies in a blackout (what it replaced is over too)."""
        tick_us = self.ticks.until(time_us)
        if tick_us is None or (self.blackout is not None and self.blackout.covers(tick_us)):
            return None
        return tick_us

    def end_of(self, tick_us: int) -> int:
        """By when the window of this tick is over at the latest: the next tick, or the start of a blackout."""
        next_us = self.ticks.after(tick_us)
        if self.blackout is None:
            return next_us
        return self.blackout.start_after(tick_us, before_us=next_us)
