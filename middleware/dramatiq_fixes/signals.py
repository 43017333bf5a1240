"""SIGTERM to a whole process group: running jobs must still finish. A SIGINT after it: they needn't.

Dramatiq's worker processes exit at once on their second SIGTERM, and their parent sends on the one it gets. Whoever
signals the group (honcho, Heroku, systemd's default) would so kill running jobs. They ignore SIGINT, which a terminal
sends to the whole group as well: so a first Ctrl-C reaches them as their parent's SIGTERM, and a second one not at all.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import dramatiq

SAME_SIGNAL_S = 2.0
"""A second signal within this many seconds counts as the first one's echo."""

GUARDED = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class PatientSignals(dramatiq.Middleware):
    """Dramatiq middleware that lets a worker process ignore the echo of a SIGTERM or SIGHUP, and calls ``hurry`` when
    SIGINT comes after one of them."""

    def __init__(self, hurry: Callable[[], None] = lambda: None) -> None:
        self._hurry = hurry

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """Put a guard before Dramatiq's own handlers, which are installed by now."""
        first_at: list[float] = []
        for number in GUARDED:
            handler = signal.getsignal(number)
            if callable(handler):
                signal.signal(number, _guarded(handler, first_at))

        def hurried(number: int, frame: Any) -> None:
            if first_at:
                first_at[0] = time.monotonic()  # the parent, which gets it too, sends another SIGTERM now
                self._hurry()

        signal.signal(signal.SIGINT, hurried)


def _guarded(handler: Callable[[int, Any], Any], first_at: list[float]) -> Callable[[int, Any], Any]:
    def guard(number: int, frame: Any) -> None:
        if first_at and time.monotonic() - first_at[0] < SAME_SIGNAL_S:
            return
        first_at.append(time.monotonic())
        handler(number, frame)

    return guard
