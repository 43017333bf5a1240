"""Results: one JSON file a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
PUBLISHED = RESULTS / "published.json"
OVERLOAD = RESULTS / "overload.json"
SOAKS = "soak-*.json"
"""All of them are checked in, and the documents show what they hold."""


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
    say in their titles of which size they are, if it is another. It is as busy as the busiest of them, and of all their
    commits.

    Raises:
      ValueError: they were measured with different settings.
    """
    for other in others:
        if other.get("settings") != first.get("settings"):
            raise ValueError("expected results of the same settings: measure them again, with one version of LastIn")
    measures = {measure["name"]: measure for measure in first["measures"]}
    for other in others:
        for measure in other["measures"]:
            of_size = "" if other["size"] == first["size"] else f" (size {other['size']})"
            measures[measure["name"]] = {**measure, "title": measure["title"] + of_size}
    busiest = min((first, *others), key=lambda result: bool(result["quiet"]))
    shared = {"quiet": busiest["quiet"], "foreign_cpu": busiest["foreign_cpu"]}
    commits = sorted({result["commit"] for result in (first, *others) if result.get("commit")})
    peers = {name: setting for result in (first, *others) for name, setting in result.get("peers", {}).items()}
    return {
        **first,
        **shared,
        "commit": ", ".join(commits) or None,
        "peers": peers,
        "measures": list(measures.values()),
    }


def read_soaks(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """What the soaks found, whose results are kept there."""
    return [read(path) for path in sorted(folder.glob(SOAKS))]


def ours_in(measure: Mapping[str, Any]) -> str:
    """LastIn's name in a measure: it is the first of its contestants."""
    name: str = next(iter(measure["contestants"]))
    return name


def values_of(measure: Mapping[str, Any], contestant: str, figure: str) -> Sequence[float]:
    """What the rounds gave; empty when there is nothing."""
    found: Sequence[float] = measure["contestants"].get(contestant, {}).get("values", {}).get(figure, [])
    return found
