"""Counts the lines that a log couldn't take: a receiver that is away for too long, a disk that is full."""

from __future__ import annotations

from collections.abc import Callable

_tellers: list[Callable[[int], object]] = []
_dropped = 0


def count(lines: int) -> None:
    """Count lines that are lost."""
    global _dropped
    _dropped += lines
    for tell in _tellers:
        tell(lines)


def total() -> int:
    """How many this process has lost."""
    return _dropped


def tell(teller: Callable[[int], object]) -> None:
    """From now on this alone is told of each loss, beginning with what was lost before."""
    _tellers[:] = [teller]
    if _dropped:
        teller(_dropped)
