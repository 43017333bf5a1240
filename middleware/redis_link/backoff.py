"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from redis.backoff import ExponentialBackoff

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.25
"""Who finds Redis back by such a try shall have the other half of the promised 0.5 s for its first claim."""
MOST_DOUBLINGS = 64
"""By then every pause is the longest one; the curve counts in floats, which end."""


class Backoff:
    """Pauses that double from ``first_s`` up to ``longest_s`` seconds, and begin anew after a success.

    It has no jitter: each process has connections of its own, and Redis takes all of them at once after an outage.
    """

    def __init__(self, first_s: float = FIRST_PAUSE_S, longest_s: float = LONGEST_PAUSE_S) -> None:
        self._curve = ExponentialBackoff(cap=longest_s, base=first_s)
        self._failures = 0

    @property
    def is_fresh(self) -> bool:
        """True until the first failure, and after a success: the moment to log what goes wrong."""
        return self._failures == 0

    def next_s(self) -> float:
        """It failed: for how many seconds to wait now."""
        pause_s: float = self._curve.compute(self._failures)
        self._failures = min(self._failures + 1, MOST_DOUBLINGS)
        return pause_s

    def reset(self) -> None:
        """It succeeded."""
        self._failures = 0
