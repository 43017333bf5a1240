"""The ticks that come next, as schedulers write them to Redis: others don't know the cadence."""

from __future__ import annotations

from itertools import islice

from .timetable import Timetable

FEWEST_AHEAD, MOST_AHEAD, AHEAD_US = 20, 110, 10_000_000
"""How many of the next ticks are written: those of the next 10 s, but 20 in any case and 110 at most. They must last
until they are written again, every few seconds."""


class TicksAhead:
    """The next ticks of a timetable. They are kept, since a long blackout takes a while to go through."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self._from_us = 0
        self._ticks_us: list[int] = []

    def at(self, now_us: int) -> tuple[int, ...]:
        """Those after ``now_us``."""
        if now_us < self._from_us:
            self._ticks_us = []  # the clock was set back
        self._from_us = now_us
        ahead = [tick_us for tick_us in self._ticks_us if tick_us > now_us]
        last_us = ahead[-1] if ahead else now_us
        if len(ahead) < FEWEST_AHEAD or (last_us < now_us + AHEAD_US and len(ahead) < MOST_AHEAD):
            for tick_us in islice(self.timetable.all_after(last_us), MOST_AHEAD - len(ahead)):
                ahead.append(tick_us)
                if len(ahead) >= FEWEST_AHEAD and tick_us > now_us + AHEAD_US:
                    break
        self._ticks_us = ahead
        return tuple(ahead)
