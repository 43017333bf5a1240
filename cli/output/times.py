"""Times and durations as people read them at a glance."""

from __future__ import annotations

from datetime import datetime

from middleware.words import duration

NOTHING = "–"


def short_time(text: str | None, now: datetime | None = None) -> str:
    """A time of the API in the user's time zone: today's without the date, this year's without the year."""
    if text is None:
        return NOTHING
    time = datetime.fromisoformat(text).astimezone()
    today = (now or datetime.now().astimezone()).date()
    if time.date() == today:
        return f"{time:%H:%M:%S}"
    return f"{time:%m-%d %H:%M}" if time.year == today.year else f"{time:%Y-%m-%d}"


def short_ms(ms: float | None) -> str:
    """Milliseconds with a unit that fits."""
    return NOTHING if ms is None else duration(ms * 1e3)


def short_s(seconds: float | None) -> str:
    """Seconds with a unit that fits."""
    return NOTHING if seconds is None else duration(seconds * 1e6)
