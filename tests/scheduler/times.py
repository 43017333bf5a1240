"""Times as tests write them: ``"2025-03-30 01:00:00"`` is UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from middleware.clock import to_us
from scheduler.clock import from_us

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """Microseconds since the epoch."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


def shown(time_us: int, timezone: ZoneInfo = BERLIN) -> str:
    """What a clock in the zone shows, with its offset."""
    return from_us(time_us).astimezone(timezone).strftime("%a %d %H:%M:%S%z")


class OwnedClock:
    """A clock that goes when the test says so."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us
        self._skipped: list[tuple[int, int]] = []

    def skipped(self) -> list[tuple[int, int]]:
        return self._skipped

    def set_forward(self, seconds: float) -> None:
        """As somebody does who sets the server's clock: the time between never was."""
        before_us = self._now_us
        self.advance(seconds)
        self._skipped.append((before_us, self._now_us))

    def now_us(self) -> int:
        return self._now_us

    def set(self, now_us: int) -> None:
        self._now_us = now_us

    def advance(self, seconds: float) -> None:
        self._now_us += round(seconds * 1_000_000)


def parsed(text: str) -> datetime:
    """A time as RFC 3339 has it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
