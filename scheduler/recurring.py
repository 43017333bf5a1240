"""A recurring job as the cadence has it, and as schedulers put it in force."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dramatiq
import orjson

from middleware.clock import rfc3339
from middleware.queues.recurring import Definition, MissedTick
from tasks import Task

from .timetable import Timetable

LATE_US = 60_000_000
"""With ``missed = "skip"`` a tick submits its job at most so much later."""


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
