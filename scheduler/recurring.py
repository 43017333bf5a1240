"""A recurring job as the cadence has it, and as schedulers put it in force."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dramatiq
import orjson

from middleware.clock import rfc3339
from middleware.queues.recurring import Definition, MissedTick
from tasks import Task

from .timetable import Timetable

LATE_US = 60_000_000
"""With ``missed = "skip"`` a tick submits its job at most so much later."""
FEWEST_AHEAD, MOST_AHEAD, AHEAD_US = 20, 110, 10_000_000
"""How many of the next ticks are told: those of the next 10 s, but 20 in any case and 110 at most. They must last until
they are told again, every 5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """One section ``[jobs.<name>]``. Times are microseconds since the epoch. ``payload``: the task's arguments."""

    name: str
    task: Task
    payload: Mapping[str, Any]
    timetable: Timetable
    missed: MissedTick = "skip"
    skip_if_waiting: bool = False

    def keys(self) -> dict[str, str]:
        """The values of the section's keys, defaults included. Of the payload only a digest: logs show these."""
        packed = orjson.dumps(self.payload, option=orjson.OPT_SORT_KEYS)
        return {
            "task": self.task.name,
            "payload": f"one of {len(packed)} bytes ({hashlib.sha256(packed).hexdigest()[:8]})",
            "ticks": str(self.timetable),
            "missed": self.missed,
            "skip_if_waiting": str(self.skip_if_waiting).lower(),
        }

    def end_of(self, tick_us: int) -> int:
        """Until when a tick may submit its job: the next tick, or the start of a blackout; with ``missed = "skip"`` a
        minute at most."""
        end_us = self.timetable.end_of(tick_us)
        return end_us if self.missed == "submit" else min(end_us, tick_us + LATE_US)

    def message(self, tick_us: int) -> dramatiq.Message[Any]:
        """A new job of this tick. Its tag and its ``request_id`` tell where it comes from."""
        return self.task.actor.message_with_options(
            kwargs=dict(self.payload),
            tags=[f"recurring:{self.name}"],
            request_id=f"recurring:{self.name}:{rfc3339(tick_us)}",
        )

    def definition(self, ticks_us: tuple[int, ...]) -> Definition:
        """What others may know of it, with the ticks that come next."""
        return Definition(
            name=self.name,
            queue=self.task.queue,
            task=self.task.name,
            payload=dict(self.payload),
            timetable=str(self.timetable),
            missed=self.missed,
            skip_if_waiting=self.skip_if_waiting,
            next_ticks_ms=tuple(tick_us // 1000 for tick_us in ticks_us),
        )


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
