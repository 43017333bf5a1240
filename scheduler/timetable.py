"""When a queue's windows may open and must be closed: its ticks, less its blackouts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .blackout import Blackout
from .clock import Gap
from .ticks import Every, Ticks

MOST_COUNTED = 10_000
MOST_BLACKOUTS = 60
"""The most blackouts in a row that may swallow ticks; beyond that, a timetable counts as one that never opens a
window."""


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

    def count_between(self, after_us: int, before_us: int, skipped: Sequence[Gap] = ()) -> int:
        """How many ticks there are between the two, both left out; at most 10,000 are counted.

        Those inside of ``skipped`` aren't: what a clock left out when it was set forward, the oldest gap first.
        """
        if isinstance(self.ticks, Every) and self.blackout is None:
            spans = _without(after_us, before_us, skipped)
            return min(MOST_COUNTED, sum(self.ticks.count_between(low_us, high_us) for low_us, high_us in spans))
        return sum(1 for _ in islice(self._between(after_us, before_us, skipped), MOST_COUNTED))

    def has_between(self, after_us: int, before_us: int, skipped: Sequence[Gap] = ()) -> bool:
        """Whether :meth:`count_between` is more than 0."""
        return any(True for _ in self._between(after_us, before_us, skipped))

    def _between(self, after_us: int, before_us: int, skipped: Sequence[Gap]) -> Iterator[int]:
        for low_us, high_us in _without(after_us, before_us, skipped):
            for tick_us in self.all_after(low_us):
                if tick_us >= high_us:
                    break
                yield tick_us

    @property
    def period_us(self) -> int | None:
        """From tick to tick, where that is always the same."""
        return self.ticks.period_us if isinstance(self.ticks, Every) and self.blackout is None else None

    def __str__(self) -> str:
        """Two timetables with the same ticks have the same text."""
        return f"{self.ticks}{f', {self.blackout}' if self.blackout else ''}"

    def until(self, time_us: int) -> int | None:
        """The last tick not later than ``time_us``; None when it is in a blackout (what it replaced is over too)."""
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


def _without(after_us: int, before_us: int, skipped: Sequence[Gap]) -> Iterator[Gap]:
    """What is left of the time between the two: spans whose ends don't belong to them, while those of a gap do."""
    for low_us, high_us in skipped:
        if after_us < high_us and low_us < before_us:
            yield after_us, low_us + 1
            after_us = max(after_us, high_us - 1)
    yield after_us, before_us
