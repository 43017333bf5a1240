"""How fresh a queue's subjects are: how old the newest processed job of each is, counted from its acceptance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of the subjects of which a processed job is kept. Ages in µs; ``within``: how many subjects are within each of
    ``layout.FRESH_BOUNDS_US``."""

    subjects: int
    p50_us: int
    p90_us: int
    p99_us: int
    oldest_us: int
    within: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "subjects": self.subjects,
            "p50_s": self.p50_us / 1e6,
            "p90_s": self.p90_us / 1e6,
            "p99_s": self.p99_us / 1e6,
            "oldest_s": self.oldest_us / 1e6,
        }


def freshness_from(answer: Sequence[int] | None) -> Freshness | None:
    """From what ``read_freshness.lua`` returns; None: no job with a subject was processed."""
    if not answer:
        return None
    subjects, p50, p90, p99, oldest, *within = answer
    return Freshness(subjects, p50, p90, p99, oldest, tuple(within))
