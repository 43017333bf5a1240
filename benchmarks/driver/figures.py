"""The arithmetic of results: medians, percentiles, ranges, and bounds that are kept or missed."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must keep: a number, or a multiple of the figure of other contestants in the same run: of the one
    among them that did best."""

    kind: Literal["least", "most"]
    limit: float
    beside: tuple[str, ...] = ()

    def is_kept(self, value: float) -> bool:
        """Whether ``value``, or where it is held beside others the ratio to the best of them, keeps it."""
        return value >= self.limit if self.kind == "least" else value <= self.limit

    def best(self, values: Iterable[float]) -> float:
        """The one of these that is hardest to stand beside."""
        return max(values) if self.kind == "least" else min(values)

    def __str__(self) -> str:
        if self.kind == "most" and self.limit == 0:
            return "0"
        sign = "≥" if self.kind == "least" else "≤"
        return f"{sign} {shown(self.limit)}" + (" ×" if self.beside else "")


def at_least(limit: float, *beside: str) -> Bound:
    """A figure of at least ``limit``, or of ``limit`` times that of the best of ``beside``."""
    return Bound("least", limit, beside)


def at_most(limit: float, *beside: str) -> Bound:
    """A figure of at most ``limit``, or of ``limit`` times that of the best of ``beside``."""
    return Bound("most", limit, beside)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a measure gives of each contestant. What LastIn promises of it stands in ``promises.py``."""

    name: str
    unit: str


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that is at least as large as this share of all values (nearest rank).

    Raises:
      ValueError: there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile needs values, got none")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one of the rounds' values."""
    return statistics.median(values)


def shown(value: float) -> str:
    """A number with three significant digits, and thousands apart."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, digits):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(values: Sequence[float]) -> str:
    """The median, and the range of the rounds where there were several."""
    text = shown(median(values))
    if len(values) > 1 and shown(min(values)) != shown(max(values)):
        text += f" ({shown(min(values))}–{shown(max(values))})"
    return text


def timed(work: Callable[[], None], count: int) -> list[float]:
    """Seconds of each call."""
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return times
