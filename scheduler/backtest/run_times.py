"""How long jobs run in a simulation: always the same, or as it was recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..durations import format_duration, parse_duration
from ..errors import ArrivalsError
from .arrivals import UNSET, Arrivals

RECORDED = "recorded"
_PERCENTILE = re.compile(r"p([1-9]\d?|100)")


@dataclass(frozen=True, slots=True)
class RunTime:
    """What was asked for: a fixed time, a percentile of those recorded, or (with neither) those themselves."""

    fixed_us: int | None = None
    percent: int | None = None

    def of(self, arrivals: Arrivals) -> Callable[[int], int]:
        """How long the job with an index runs, in µs. One without a recorded time runs as long as the median.

        Raises:
          ArrivalsError: none is recorded.
        """
        if self.fixed_us is not None:
            return _always(self.fixed_us)
        known = sorted(run_us for run_us in arrivals.runs_us if run_us != UNSET)
        if not known:
            raise ArrivalsError("It isn't recorded how long any of these jobs ran: say so, such as --run-time 50ms.")
        if self.percent is not None:
            return _always(percentile(known, self.percent))
        median_us, runs_us = percentile(known, 50), arrivals.runs_us
        return lambda index: median_us if runs_us[index] == UNSET else runs_us[index]

    def __str__(self) -> str:
        if self.fixed_us is not None:
            return format_duration(self.fixed_us)
        return RECORDED if self.percent is None else f"p{self.percent}"


def read_run_time(text: str) -> RunTime:
    """``50ms``, ``recorded``, or ``p90``: a percentile of those recorded.

    Raises:
      ValueError: says what was expected.
    """
    if text == RECORDED:
        return RunTime()
    if found := _PERCENTILE.fullmatch(text):
        return RunTime(percent=int(found[1]))
    try:
        return RunTime(fixed_us=parse_duration(text))
    except ValueError:
        raise ValueError(f"expected a duration such as 50ms, {RECORDED}, or p1 to p100, got {text!r}") from None


def percentile(ascending: Sequence[int], percent: int) -> int:
    """The smallest of the numbers that isn't exceeded by ``percent`` % of them (nearest rank)."""
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def _always(run_us: int) -> Callable[[int], int]:
    return lambda index: run_us
