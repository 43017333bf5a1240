"""The kinds of rows of the promise table (``benchmarks/promises.py``)."""

from __future__ import annotations

from dataclasses import dataclass

from .figures import Bound


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of a measure. ``in_short``: README.md shows it too."""

    what: str
    measure: str
    figure: str
    promise: Bound | None = None
    aim: Bound | None = None
    in_short: bool = False


@dataclass(frozen=True, slots=True)
class Soaked:
    """What ``make soak`` found, summed over these entries of its results: numbers, or lists of faults."""

    what: str
    findings: tuple[str, ...]
    promise: Bound
    in_short: bool = False


@dataclass(frozen=True, slots=True)
class ByTest:
    """Something that tests keep, with the file that does."""

    what: str
    promise: str
    file: str


Row = Measured | Soaked | ByTest
