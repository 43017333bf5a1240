"""Time as the test has it."""

from __future__ import annotations

import time


class StubClock:
    """Stands still until the test moves it on. It begins now, or at ``now_us`` (µs since the epoch)."""

    def __init__(self, now_us: int | None = None) -> None:
        self._now_us = time.time_ns() // 1000 if now_us is None else now_us

    def now_us(self) -> int:
        """µs since the epoch."""
        return self._now_us

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        self.advance_to(self._now_us + round(seconds * 1e6))

    def advance_to(self, at_us: int) -> None:
        """Let time pass until then; it never goes back."""
        self._now_us = max(self._now_us, at_us)
