"""The arithmetic of results: medians, percentiles, ranges, and bounds that are kept or missed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must redis: a number, or so many times the figure of another contestant in the same run."""

    kind: Literal["least", "most"]
    limit: float
    beside: str | None = None

    def is_kept(self, value: float, other: float | None = None) -> bool:
        """Whether ``value`` keeps it; ``other`` is the figure of the contestant that it is held beside."""
        if self.beside is not None:
            if not other:
                return False
            value /= other
        return value >= self.limit if self.kind == "least" else value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.kind == "least" else "≤"
        return f"{sign} {shown(self.limit)}" + (f" × {self.beside}" if self.beside else "")


def at_least(limit: float, beside: str | None = None) -> Bound:
    """A figure of at least ``limit``, or of so many times that of ``beside``."""
    return Bound("least", limit, beside)


def at_most(limit: float, beside: str | None = None) -> Bound:
    """A figure of at most ``limit``, or of so many times that of ``beside``."""
    return Bound("most", limit, beside)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a measure gives of each contestant.

    ``promise``: what people can rely on; ``aim``: what LastIn would like to redis. Both are LastIn's.
    """

    name: str
    unit: str
    promise: Bound | None = None
    aim: Bound | None = None


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
