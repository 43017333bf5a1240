"""Numbers and spans of time as people say them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 job``, ``1,000 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(time_us: float) -> str:
    """A span of time for people: ``0.4 ms``, ``366 ms``, ``2.3 s``, ``3 min 20 s``, ``2 h 5 min``, ``4 d``."""
    if time_us < 9_950:
        return f"{time_us / 1000:.1f} ms"
    if time_us < 999_500:
        return f"{time_us / 1000:.0f} ms"
    seconds = time_us / 1_000_000
    if seconds < 59.5:
        return f"{seconds:.1f} s".replace(".0 s", " s") if seconds < 9.95 else f"{seconds:.0f} s"
    if (whole_s := round(seconds)) < 3600:
        return _two(*divmod(whole_s, 60), "min", "s")
    if (minutes := round(seconds / 60)) < 1440:
        return _two(*divmod(minutes, 60), "h", "min")
    return _two(*divmod(round(seconds / 3600), 24), "d", "h")


def _two(count: int, rest: int, unit: str, smaller: str) -> str:
    return f"{count} {unit} {rest} {smaller}" if rest else f"{count} {unit}"
