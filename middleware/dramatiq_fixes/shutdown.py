"""The end of a worker's threads: all of them within one time, which can be cut short.

Dramatiq's ``join_all`` subtracts the time since it began anew for each thread. With several idle threads, each of which
may need a second to notice that it is over, next to nothing is left for the one that still runs a job. And it can't be
told that nobody wants to wait any longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

STEP_S = 0.1
"""How long after :meth:`ThreadGroup.hurry` nobody is waited for any more, at most."""


class Leaver(Protocol):
    """A thread that can be asked to end."""

    def stop(self) -> None:
        """End after the job in hand."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, at most for ``timeout`` seconds."""

    def is_alive(self) -> bool:
        """False once it has ended."""


class ThreadGroup:
    """Threads that Dramatiq takes for one, so that the time it gives is all of theirs."""

    def __init__(
        self,
        threads: Sequence[Leaver],
        *,
        on_stop: Callable[[], None] = lambda: None,
        on_join: Callable[[float], None] = lambda timeout_s: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_stop`` is called when all were told to end, ``on_join`` with the time that they have."""
        self._threads = threads
        self._on_stop = on_stop
        self._on_join = on_join
        self._now = now
        self._is_hurried = False

    def stop(self) -> None:
        """Ask each to end after the job in hand."""
        for thread in self._threads:
            thread.stop()
        self._on_stop()

    def join(self, timeout: float) -> None:
        """Wait until all have ended, for at most ``timeout`` seconds in all."""
        self._on_join(timeout)
        deadline = self._now() + timeout
        for thread in self._threads:
            while thread.is_alive() and not self._is_hurried and (left_s := deadline - self._now()) > 0:
                thread.join(timeout=min(left_s, STEP_S))

    def is_alive(self) -> bool:
        """False once all have ended."""
        return any(thread.is_alive() for thread in self._threads)

    def hurry(self) -> None:
        """Wait for nobody any more. A signal handler may call it."""
        self._is_hurried = True
