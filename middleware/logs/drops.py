"""Counts the lines that a log couldn't take: a receiver that is away for too long, a disk that is full."""

from __future__ import annotations

from collections.abc import Callable

_reports: list[Callable[[int], object]] = []
_dropped = 0


def count(lines: int) -> None:
    """Count lines that are lost."""
    global _dropped
    _dropped += lines
    for report in _reports:
        report(lines)


def report_to(report: Callable[[int], object]) -> None:
    """From now on call this alone with how many lines are lost, beginning with those lost before."""
    _reports[:] = [report]
    if _dropped:
        report(_dropped)
