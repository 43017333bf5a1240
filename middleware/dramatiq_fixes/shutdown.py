"""The end of a worker's threads: all of them within one time.

Dramatiq's ``join_all`` subtracts the time since it began anew for each thread. With several idle threads, each of which
may need a second to notice that it is over, next to nothing is left for the one that still runs a job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol


class Leaver(Protocol):
    """A thread that can be asked to end."""

    def stop(self) -> None:
        """End after the job in hand."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, at most for ``timeout`` seconds."""


class ThreadGroup:
    """Threads that Dramatiq takes for one, so that the time it gives is all of theirs."""

    def __init__(self, threads: Sequence[Leaver], *, now: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._now = now

    def stop(self) -> None:
        """Ask each to end after the job in hand."""
        for thread in self._threads:
            thread.stop()

    def join(self, timeout: float) -> None:
        """Wait until all have ended, for at most ``timeout`` seconds in all."""
        deadline = self._now() + timeout
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - self._now()))
