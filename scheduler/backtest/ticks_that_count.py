"""The ticks of a cadence at which a simulation opens windows."""

from __future__ import annotations

from ..timetable import Timetable


class TicksThatCount:
    """All ticks from the one before the first arrival on; but while nothing waits, only the last one before the next
    arrival: a window that opens over an empty stack does nothing but wait for jobs. Times in µs since the epoch."""

    def __init__(self, timetable: Timetable, first_arrival_us: int) -> None:
        self._timetable = timetable
        self._next_us = self._last_until(first_arrival_us)

    def next(self, *, jobs_wait: bool, next_arrival_us: int | None) -> int | None:
        """The next one; None when there is none that counts."""
        if jobs_wait or self._next_us is None:
            return self._next_us
        if next_arrival_us is None:
            return None
        if self._next_us < next_arrival_us:
            after_us = self._timetable.after(self._next_us)
            if after_us is not None and after_us < next_arrival_us:
                self._next_us = self._last_until(next_arrival_us)
        return self._next_us

    def is_due(self, now_us: int) -> bool:
        return self._next_us is not None and self._next_us <= now_us

    def take(self) -> int:
        """The next one, which is opened now."""
        tick_us = self._next_us
        if tick_us is None:
            raise ValueError("no tick is due")
        self._next_us = self._timetable.after(tick_us)
        return tick_us

    def _last_until(self, arrival_us: int) -> int | None:
        """The tick whose window may be open when a job arrives; the next one, when it arrives in a blackout."""
        tick_us = self._timetable.until(arrival_us)
        return self._timetable.after(arrival_us) if tick_us is None else tick_us
