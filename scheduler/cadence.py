"""The cadence as it was read: what each queue's windows are like, and what recurs. See ``docs/cadence.md``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from middleware.queues.policy import PPM, Mode, Order

from .durations import format_duration
from .recurring import Recurring
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
    """Of the adaptive order, else 0: it becomes lifo when the oldest job has waited longer than the first, and fifo
    again when that is less than the second."""
    missed: Missed = "skip"
    max_running: int = 0
    max_running_per_group: int = 0
    """At most so many jobs of the queue, and of one group, run at once; 0 is no bound."""
    share_by_group: bool = False
    """Claims go round the groups that wait."""

    @property
    def mode(self) -> Mode:
        return "continuous" if self.timetable is None else "windows"

    def keys(self) -> dict[str, str]:
        """The values of the section's keys, defaults included; the same for cadences that mean the same."""
        held = {"mode": self.mode, "order": self.order, "oldest_share": f"{self.oldest_share_ppm / PPM:g}"}
        if self.order == "adaptive":
            held["lifo_above"] = format_duration(self.lifo_above_us)
            held["lifo_below"] = format_duration(self.lifo_below_us)
        bounds = {"max_running": self.max_running, "max_running_per_group": self.max_running_per_group}
        held |= {name: str(bound) for name, bound in bounds.items() if bound}
        if self.share_by_group:
            held["share_by_group"] = "true"
        if self.timetable is not None:
            held["ticks"] = str(self.timetable)
            held["batch"] = str(self.batch)
            held["lasts"] = "until the next tick" if self.lasts_us is None else format_duration(self.lasts_us)
            held["close_when_empty"] = str(self.close_when_empty).lower()
            held["missed"] = self.missed
        return held

    def end_of(self, tick_us: int, now_us: int) -> int:
        """When the window of a tick, opened now, is over; a time that isn't later than now means that it is of no use.

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
    """What is in force: one entry for each declared queue, and the recurring jobs by name."""

    queues: Mapping[str, QueueCadence]
    jobs: Mapping[str, Recurring] = field(default_factory=dict)

    def keys(self) -> dict[str, dict[str, str]]:
        """Of each queue, the values of its section's keys."""
        return {name: queue.keys() for name, queue in sorted(self.queues.items())}

    def job_keys(self) -> dict[str, dict[str, str]]:
        """Of each recurring job, the values of its section's keys."""
        return {name: job.keys() for name, job in sorted(self.jobs.items())}

    @property
    def digest(self) -> str:
        """The same for all cadences that mean the same, whatever their files look like."""
        held = json.dumps([self.keys(), self.job_keys()], sort_keys=True)
        return hashlib.sha256(held.encode()).hexdigest()[:16]
