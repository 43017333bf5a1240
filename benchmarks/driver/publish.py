"""Putting a result into the documents: ``python -m benchmarks --publish FILE [FILE …]``.

The result is kept as ``benchmarks/results/published.json``. What stands between two marks in ``docs/performance.md``
and in ``README.md`` is written from it, from the results of the soaks beside it, and, between marks of its own, from
what became of jobs at each load (``loads.py``). A test compares them, so that the documents can't show other numbers
than the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from middleware.settings import ROOT

from . import loads, results
from .cadence import delivered
from .figures import spread
from .report import head, not_measured, promise_rows, soak_lines
from .results import OVERLOAD, PUBLISHED, values_of


def publish(paths: Sequence[Path]) -> list[Path]:
    """Keep these results, combined, as the published one, and write the documents from it; the files written."""
    result = results.combined(*(results.read(path) for path in paths))
    PUBLISHED.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return [PUBLISHED, *_write()]


def publish_overload(paths: Sequence[Path]) -> list[Path]:
    """Keep what became of jobs at each load, and write the documents from it; the files written.

    Raises:
      ValueError: the results lack some of it.
    """
    loads.keep(paths)
    return [OVERLOAD, *_write()]


def _write() -> list[Path]:
    written = documents()
    for file, text in written.items():
        file.write_text(text, encoding="utf-8")
    return list(written)


def documents() -> dict[Path, str]:
    """Each document with what the published results say."""
    result, soaks, at_loads = results.read(PUBLISHED), results.read_soaks(), results.read(OVERLOAD)
    sections = {
        ROOT / "docs" / "performance.md": (performance(result, soaks), loads.performance(at_loads)),
        ROOT / "README.md": (summary(result, soaks), loads.readme(at_loads)),
    }
    return {
        file: _filled(_filled(file.read_text(encoding="utf-8"), of_all), of_loads, "overload")
        for file, (of_all, of_loads) in sections.items()
    }


def performance(result: Mapping[str, Any], soaks: Sequence[Mapping[str, Any]]) -> str:
    """The tables of ``docs/performance.md``."""
    lines = [*head(result), "", "### What is promised", "", *promise_rows(result, soaks), ""]
    lines += [_about_drains(), ""]
    if soaks:
        lines += ["The soaks behind the first rows (`make soak`):", "", *soak_lines(soaks), ""]
    lines += ["### Beside others", "", *_settings(result), *_comparisons(result), "### What limits each figure", ""]
    lines += [f"- **{m['name']}** ({m['title']}): {m['limited_by']}" for m in result["measures"]]
    missing = list(not_measured(result))
    return "\n".join([*lines, *(["", *missing] if missing else [])]) + "\n"


def summary(result: Mapping[str, Any], soaks: Sequence[Mapping[str, Any]]) -> str:
    """The short table of ``README.md``."""
    note = "" if result["quiet"] else " **The machine was busy with other work**, so that these figures are too low."
    m, commit = result["machine"], result.get("commit")
    at = f", commit {commit}" if commit else ""
    begin = f"Measured on {m['cores']} cores, {result['began'][:10]}{at}, {result['server']}.{note}"
    return "\n".join([begin, "", *promise_rows(result, soaks, only_short=True), "", _about_drains()]) + "\n"


def _about_drains() -> str:
    return (
        "Drain rates show what workers can do, with the policy `continuous`. With windows, the cadence decides how "
        f"many jobs a second are let through. {delivered()}"
    )


def _filled(document: str, section: str, mark: str = "results") -> str:
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed or begin in after:
        raise ValueError(f"expected one section between {begin.strip()} and {end.strip()}")
    return before + begin + section + end + after


def _settings(result: Mapping[str, Any]) -> Iterator[str]:
    if peers := result.get("peers"):
        yield "How each was set up: " + "; ".join(f"**{name}** {setting}" for name, setting in peers.items()) + "."
        yield ""


def _comparisons(result: Mapping[str, Any]) -> Iterator[str]:
    for measure in result["measures"]:
        there = [n for n in measure["contestants"] if any(values_of(measure, n, f["name"]) for f in measure["figures"])]
        if len(there) < 2:
            continue
        yield f"**{measure['title']}**"
        yield ""
        yield "| | " + " | ".join(there) + " |"
        yield "|---|" + "--:|" * len(there)
        for figure in measure["figures"]:
            cells = [spread(v) if (v := values_of(measure, n, figure["name"])) else "–" for n in there]
            yield f"| {figure['name']}, {figure['unit']} | " + " | ".join(cells) + " |"
        yield ""
