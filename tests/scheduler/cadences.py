"""A cadence for tests of its runner: a tick every 10 s, and one tick of it."""

from __future__ import annotations

from scheduler.cadence import QueueCadence
from scheduler.ticks import Every
from scheduler.timetable import Timetable

from .times import at

TICK_US = at("2025-06-01 12:00:00")
CADENCE = QueueCadence(
    queue="default", timetable=Timetable(Every(10_000_000)), batch=5, lasts_us=4_000_000, oldest_share_ppm=250_000
)
