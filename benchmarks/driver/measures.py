"""Measures and how they register: a function with a decorator, in a file of its own under ``benchmarks/``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import benchmarks

from .bench import Bench
from .figures import Figure

Size = Literal["tiny", "quick", "full"]
Turn = Callable[[Bench, Any], Mapping[str, float | Sequence[float]]]
"""One turn of one contestant: the value of each figure, or several where it was measured several times at once."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured, in rounds: in each, every contestant has a turn."""

    name: str
    title: str
    figures: Sequence[Figure]
    contestants: Sequence[str]
    turn: Turn
    rounds: Mapping[Size, int]
    limited_by: str
    """What the figure depends on, for docs/performance.md."""
    only_full: bool = False


MEASURES: dict[str, Measure] = {}


def measure(
    name: str,
    title: str,
    *,
    figures: Sequence[Figure],
    contestants: Sequence[str] = ("lastin",),
    rounds: tuple[int, int] = (3, 5),
    limited_by: str,
    only_full: bool = False,
) -> Callable[[Turn], Turn]:
    """Register a function as a measure.

    Parameters:
      name: for the command line and for results.
      contestants: names of peers (``benchmarks/peers/``), LastIn first.
      rounds: how many in a quick run, and how many in a full one. In a quick run, where a promise is held beside some
        contestants, the others have one.
      limited_by: one or two sentences on what limits the figure.
      only_full: it isn't part of a quick run, unless it is asked for by its name.
    """

    def register(turn: Turn) -> Turn:
        if name in MEASURES:
            raise ValueError(f"there are two measures called {name!r}: give one of them another name")
        counts: dict[Size, int] = {"tiny": 1, "quick": rounds[0], "full": rounds[1]}
        MEASURES[name] = Measure(name, title, figures, contestants, turn, counts, limited_by, only_full)
        return turn

    return register


def discover() -> Mapping[str, Measure]:
    """All measures, by name, in the order of their files."""
    for module in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda module: module.name):
        if not module.ispkg and not module.name.startswith("_"):
            importlib.import_module(f"{benchmarks.__name__}.{module.name}")
    return MEASURES


def matching(measures: Mapping[str, Measure], wanted: Sequence[str], size: Size = "full") -> list[Measure]:
    """The measures whose names contain one of these words; when there are none, all that a run of this size has.

    Raises:
      ValueError: a word fits no measure.
    """
    for word in wanted:
        if not any(word in name for name in measures):
            raise ValueError(f"no measure has {word!r} in its name; there are: {', '.join(measures)}")
    if wanted:
        return [m for name, m in measures.items() if any(word in name for word in wanted)]
    return [m for m in measures.values() if size != "quick" or not m.only_full]
