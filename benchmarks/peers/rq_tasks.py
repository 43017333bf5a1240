"""The tasks of the measures for RQ."""

from __future__ import annotations

from . import journal
from .call import increment


def noop() -> None:
    """Do nothing."""


def call() -> None:
    """Ask Redis for one thing."""
    increment()


def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)
