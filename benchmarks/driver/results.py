"""Results: one JSON file a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .figures import Bound, median

RESULTS = Path(__file__).resolve().parent.parent / "results"


def write(result: Mapping[str, Any], folder: Path = RESULTS) -> Path:
    """Keep a result under its date; the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{result['began'].replace(':', '').replace('-', '')}-{result['size']}.json"
    path = folder / name
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """A result."""
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def combined(first: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """One result of several: measures of later ones take the place of those of the first that have their names, and
    say in their titles of which size they are, if it is another. It is as busy as the busiest of them."""
    measures = {measure["name"]: measure for measure in first["measures"]}
    for other in others:
        for measure in other["measures"]:
            of_size = "" if other["size"] == first["size"] else f" (size {other['size']})"
            measures[measure["name"]] = {**measure, "title": measure["title"] + of_size}
    busiest = min((first, *others), key=lambda result: bool(result["quiet"]))
    shared = {"quiet": busiest["quiet"], "foreign_cpu": busiest["foreign_cpu"]}
    return {**first, **shared, "measures": list(measures.values())}


def ours_in(measure: Mapping[str, Any]) -> str:
    """LastIn's name in a measure: it is the first of its contestants."""
    name: str = next(iter(measure["contestants"]))
    return name


def values_of(measure: Mapping[str, Any], contestant: str, figure: str) -> Sequence[float]:
    """What the rounds gave; empty when there is nothing."""
    found: Sequence[float] = measure["contestants"].get(contestant, {}).get("values", {}).get(figure, [])
    return found


def bound_of(figure: Mapping[str, Any], kind: str) -> Bound | None:
    """The promise or the aim of a figure."""
    found = figure.get(kind)
    return None if found is None else Bound(found["kind"], found["limit"], found["beside"])


def verdict(measure: Mapping[str, Any], figure: Mapping[str, Any], kind: str) -> bool | None:
    """Whether LastIn kept a figure's promise or aim; None when there is none, or it can't be told."""
    bound = bound_of(figure, kind)
    ours = values_of(measure, ours_in(measure), figure["name"])
    if bound is None or not ours:
        return None
    if bound.beside is None:
        return bound.is_kept(median(ours))
    theirs = values_of(measure, bound.beside, figure["name"])
    return bound.is_kept(median(ours), median(theirs)) if theirs else None
