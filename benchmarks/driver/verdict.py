"""Holding a result against a promise: the value, the ratio to others, and whether it was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .figures import Bound, median, spread
from .promise import Measured
from .results import ours_in, values_of

Result = Mapping[str, Any]
LEAST_ROUNDS = 3
"""With fewer, a bound isn't judged."""


def measure_of(result: Result, row: Measured) -> Mapping[str, Any] | None:
    """The measure that a row is about, if the result has it."""
    return next((measure for measure in result["measures"] if measure["name"] == row.measure), None)


def unit_of(measure: Mapping[str, Any], figure: str) -> str:
    """The unit of one of its figures; nothing if it has no such figure."""
    return next((found["unit"] for found in measure["figures"] if found["name"] == figure), "")


def ratios(measure: Mapping[str, Any], figure: str, bound: Bound) -> tuple[str, Sequence[float]] | None:
    """The best of those that a bound is held beside, and LastIn's figure divided by theirs: round by round where
    they had as many rounds. None unless all of them were measured: one that is missing might be the best."""
    ours = values_of(measure, ours_in(measure), figure)
    theirs = {name: values_of(measure, name, figure) for name in bound.beside}
    if not ours or not theirs or not all(theirs.values()):
        return None
    medians = {name: median(values) for name, values in theirs.items()}
    best = next(name for name, value in medians.items() if value == bound.best(medians.values()))
    if len(theirs[best]) == len(ours):
        return best, [one / other for one, other in zip(ours, theirs[best], strict=True) if other]
    return best, [one / medians[best] for one in ours if medians[best]]


def is_kept(measure: Mapping[str, Any], figure: str, bound: Bound) -> bool | None:
    """Whether the median keeps a bound; None if there are too few rounds, or a figure is missing."""
    if len(values_of(measure, ours_in(measure), figure)) < LEAST_ROUNDS:
        return None
    if bound.beside:
        found = ratios(measure, figure, bound)
        return bound.is_kept(median(found[1])) if found and found[1] else None
    return bound.is_kept(median(values_of(measure, ours_in(measure), figure)))


def judged(measure: Mapping[str, Any], figure: str, bound: Bound | None, *, busy: bool = False) -> str:
    """A bound, and whether it was kept. On a busy machine a bound that was missed, or that compares with others, isn't
    judged."""
    if bound is None:
        return ""
    if not values_of(measure, ours_in(measure), figure):
        return f"{bound}: not measured"
    kept = is_kept(measure, figure, bound)
    if busy and kept is not None and (not kept or bound.beside):
        return f"{bound}: not judged: busy machine"
    return f"{bound}: " + {True: "kept", False: "**missed**", None: "not judged"}[kept]


def figure_of(measure: Mapping[str, Any], row: Measured) -> str:
    """LastIn's figure and its unit, and beside others the ratio; nothing if it wasn't measured."""
    ours = values_of(measure, ours_in(measure), row.figure)
    if not ours:
        return ""
    text = f"{spread(ours)} {unit_of(measure, row.figure)}"
    if len(ours) < LEAST_ROUNDS:
        text += f" ({len(ours)} of {LEAST_ROUNDS} rounds)"
    bound = row.promise or row.aim
    if bound is not None and bound.beside:
        found = ratios(measure, row.figure, bound)
        text += f", {spread(found[1])} × {found[0]}" if found and found[1] else ""
    return text
