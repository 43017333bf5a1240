"""Histograms of times, with the buckets of ``layout.BOUNDS_US``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..commands.layout import BOUNDS_US, BUCKETS


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many times fell into each bucket, and their sum in µs."""

    sum_us: int
    counts: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many times there are."""
        return sum(self.counts)

    def quantile_us(self, share: float) -> float | None:
        """The time that this share of all times doesn't exceed; None when there are none.

        It is interpolated within its bucket, so it is off by less than the bucket is wide: a factor of 2 or 2.5 up to
        20 s, 3 up to 6 hours, 4 up to a day. Times beyond a day count as a day.
        """
        rank, below = share * self.count, 0
        if self.count == 0:
            return None
        for bucket, count in enumerate(self.counts[:-1]):
            if count and below + count >= rank:
                lower = BOUNDS_US[bucket - 1] if bucket else 0
                return lower + (BOUNDS_US[bucket] - lower) * (rank - below) / count
            below += count
        return float(BOUNDS_US[-1])

    def __add__(self, other: Histogram) -> Histogram:
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Histogram(self.sum_us + other.sum_us, counts)

    def __sub__(self, earlier: Histogram) -> Histogram:
        """What was added since an earlier state of the same histogram."""
        counts = tuple(a - b for a, b in zip(self.counts, earlier.counts, strict=True))
        return Histogram(self.sum_us - earlier.sum_us, counts)


EMPTY = Histogram(0, (0,) * BUCKETS)


def histogram(numbers: Sequence[int]) -> Histogram:
    """A histogram from its part of a task's counters: the sum, then the buckets."""
    return Histogram(numbers[0], tuple(numbers[1:]))


def added(histograms: Iterable[Histogram]) -> Histogram:
    """All of them together."""
    return sum(histograms, start=EMPTY)
