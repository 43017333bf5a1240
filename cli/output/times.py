"""Times and durations as people read them at a glance."""

from __future__ import annotations

from datetime import datetime

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
    """Milliseconds with a unit that fits: ``2.3 ms``, ``366 ms``, ``2.3 s``, ``5 min 3 s``, ``2 d 7 h``."""
    if ms is None:
        return NOTHING
    if ms < 1000:
        return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
    return short_s(ms / 1000)


def short_s(seconds: float | None) -> str:
    """Seconds with a unit that fits."""
    if seconds is None:
        return NOTHING
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour} h"
    return f"{hours} h {minute} min" if hours else f"{minutes} min {second} s"
