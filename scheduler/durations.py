"""Durations as people write them in ``cadence.toml``, ``500ms``, ``2s``, ``1h30m``; and times, by how long ago they
were."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from middleware.clock import to_us

UNITS_US = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}
"""Microseconds in each unit, the largest first."""

_WRITTEN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,12}}){unit})?" for unit in UNITS_US))


def parse_duration(text: str) -> int:
    """Microseconds. Whole numbers, each with its unit, the larger unit first, each unit at most once.

    Raises:
      ValueError: ``text`` isn't a duration.
    """
    match = _WRITTEN.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} isn't a duration such as 500ms, 2s, 1m or 1h30m")
    return sum(int(match[unit]) * unit_us for unit, unit_us in UNITS_US.items() if match[unit])


def read_time(text: str) -> int:
    """A time, or how long ago that was; µs since the epoch.

    Raises:
      ValueError: says what was expected.
    """
    try:
        return to_us(datetime.now(UTC) - timedelta(microseconds=parse_duration(text)))
    except (ValueError, OverflowError):
        pass
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            f"expected a time such as 2030-01-31T12:00:00Z or a duration such as 15m, got {text!r}"
        ) from None


def format_duration(duration_us: int) -> str:
    """The shortest text that :func:`parse_duration` reads back, to the millisecond, rounded down."""
    left, parts = duration_us, []
    for unit, unit_us in UNITS_US.items():
        count, left = divmod(left, unit_us)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
