"""The cadence as it was read: what each queue's windows are like. See ``docs/cadence.md``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from middleware.queues.policy import Mode, Order

from .timetable import Timetable

Missed = Literal["skip", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCadence:
    """One queue's section, or the default's. Times are microseconds since the epoch."""

    queue: str
    timetable: Timetable | None
    """None in continuous mode: its jobs may be claimed at any time."""
    batch: int = 0
    """At most this many claims in a window; 0 is no bound."""
    lasts_us: int | None = None
    """None: until the next window opens."""
    close_when_empty: bool = False
    oldest_share_ppm: int = 0
    order: Order = "lifo"
    lifo_above_us: int = 0
    lifo_below_us: int = 0
    """Of the adaptive order, else 0: lifo when the oldest job has waited so long, fifo again under this."""
    missed: Missed = "skip"

    @property
    def mode(self) -> Mode:
        return "continuous" if self.timetable is None else "windows"

    def end_of(self, tick_us: int, now_us: int) -> int:
        """When the window of a tick, opened now, is over; a time that isn't later than now says: of no use any more.

        Opened late it ends when it would have ended anyway. When that has passed too, ``missed = "open"`` grants the
        full length from now on. Neither goes beyond the next tick or the start of a blackout.
        """
        if self.timetable is None:
            return now_us
        end_us = self.timetable.end_of(tick_us)
        if self.lasts_us is None:
            return end_us
        planned_us = tick_us + self.lasts_us
        if planned_us <= now_us and self.missed == "open":
            planned_us = now_us + self.lasts_us
        return min(end_us, planned_us)


@dataclass(frozen=True, slots=True)
class Cadence:
    """What is in force: one entry for each declared queue."""

    queues: Mapping[str, QueueCadence]

    @property
    def digest(self) -> str:
        """The same wherever the same cadence was read, whatever its file looks like."""
        said = "\n".join(f"{queue!r} {queue.timetable}" for _, queue in sorted(self.queues.items()))
        return hashlib.sha256(said.encode()).hexdigest()[:16]
