"""Putting a result into the documents: ``python -m benchmarks --publish FILE [FILE …]``.

The result is kept as ``benchmarks/published.json``, and what stands between two marks in ``docs/performance.md`` and in
``README.md`` is written from it. A test compares them, so that the documents can't tell other numbers than the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from middleware.settings import ROOT

from . import results
from .figures import Bound, median, shown, spread
from .report import head, not_measured
from .results import bound_of, ours_in, values_of, verdict

PUBLISHED = ROOT / "benchmarks" / "published.json"
IN_SHORT = (
    "drain-1x1",
    "drain-1x8",
    "drain-2x8",
    "pickup",
    "overload",
    "memory-deep",
    "worker-dies",
    "submit",
    "batch",
)
"""The measures that README.md shows."""
MARKED = re.compile(r"(<!-- results: begin -->\n).*?(<!-- results: end -->\n)", re.DOTALL)


def publish(paths: Sequence[Path]) -> list[Path]:
    """Keep these results, combined, as the published one, and write the documents from it; the files written."""
    result = results.combined(*(results.read(path) for path in paths))
    PUBLISHED.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for file, text in documents().items():
        file.write_text(text, encoding="utf-8")
    return [PUBLISHED, *documents()]


def documents() -> dict[Path, str]:
    """Each document with what the published result says."""
    result = results.read(PUBLISHED)
    sections = {ROOT / "docs" / "performance.md": performance(result), ROOT / "README.md": summary(result)}
    return {file: _filled(file.read_text(encoding="utf-8"), section) for file, section in sections.items()}


def performance(result: Mapping[str, Any]) -> str:
    """The tables of ``docs/performance.md``."""
    lines = [*head(result), "", "### What is promised", "", *_promises(result)]
    lines += ["", "### Beside others", "", *_comparisons(result), "### What limits each figure", ""]
    lines += [f"- **{m['name']}** ({m['title']}): {m['limited_by']}" for m in result["measures"]]
    missing = list(not_measured(result))
    return "\n".join([*lines, *(["", *missing] if missing else [])]) + "\n"


def summary(result: Mapping[str, Any]) -> str:
    """The short table of ``README.md``: the promises that were measured."""
    note = "" if result["quiet"] else " **The machine was busy with other work**, so that these figures are too low."
    m = result["machine"]
    begin = f"Measured on {m['cores']} cores, {result['began'][:10]}, {result['server']}.{note}"
    short = {**result, "measures": [m for m in result["measures"] if m["name"] in IN_SHORT]}
    return "\n".join([begin, "", *_promises(short)]) + "\n"


def _filled(document: str, section: str) -> str:
    filled, count = MARKED.subn(lambda found: found[1] + section + found[2], document)
    if count != 1:
        raise ValueError("expected one section between <!-- results: begin --> and <!-- results: end -->")
    return filled


def _promises(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| what | measured | promise | aim |"
    yield "|---|--:|---|---|"
    for measure in result["measures"]:
        for figure in measure["figures"]:
            ours = values_of(measure, ours_in(measure), figure["name"])
            promise, aim = bound_of(figure, "promise"), bound_of(figure, "aim")
            if ours and promise:
                what = f"{measure['title']}: {figure['name']}" if len(measure["figures"]) > 1 else measure["title"]
                cells = [what, _value(measure, figure, promise, ours)]
                cells.append(_judged(result, measure, figure, "promise"))
                cells.append(_judged(result, measure, figure, "aim") if aim else "")
                yield "| " + " | ".join(cells) + " |"


def _value(measure: Mapping[str, Any], figure: Mapping[str, Any], bound: Bound, ours: Any) -> str:
    text = f"{spread(ours)} {figure['unit']}"
    theirs = values_of(measure, bound.beside, figure["name"]) if bound.beside else []
    return f"{text}, {shown(median(ours) / median(theirs))} × {bound.beside}" if theirs else text


def _judged(result: Mapping[str, Any], measure: Mapping[str, Any], figure: Mapping[str, Any], kind: str) -> str:
    bound = bound_of(figure, kind)
    kept = verdict(measure, figure, kind)
    word = {True: "kept", False: "**missed**", None: "not told"}[kept]
    if not result["quiet"] and kept is not None and (not kept or (bound is not None and bound.beside)):
        word = "not told: busy"
    return f"{bound}: {word}"


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
