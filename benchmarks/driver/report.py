"""The tables of a result, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import promises
from .figures import median, shown, spread
from .promise import ByTest, Measured, Soaked
from .results import ours_in, values_of
from .verdict import figure_of, judged, measure_of

Result = Mapping[str, Any]


def table(result: Result) -> str:
    """The head of a result, the promises that it has figures for, and one row for each figure of each contestant."""
    promised = list(promise_rows(result, [], only_measured=True))
    lines = [*head(result), "", *promised, "", *_rows(result), "", *not_measured(result)]
    return "\n".join(lines).rstrip() + "\n"


def head(result: Result) -> Iterator[str]:
    """Where, when and how it was measured, and how far that can be trusted."""
    m = result["machine"]
    yield (
        f"{result['began']}, size {result['size']}, commit {result.get('commit') or 'not known'}: {m['cores']} cores, "
        f"{m['memory_gib']} GiB, {m['system']}, Python {m['python']}, {result['server']}."
    )
    yield ", ".join(f"{name} {version}" for name, version in sorted(result["versions"].items())) + "."
    if settings := result.get("settings"):
        yield "Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items()) + "."
    if result["quiet"]:
        yield "The machine was quiet."
    elif result["quiet"] is None:
        yield "Whether the machine was quiet isn't known."
    else:
        share = result["foreign_cpu"]
        yield (
            f"**The machine was busy** (in the median turn, others used {share:.0%} of its cores): its figures are "
            "too low, and ratios favour who waits over who computes."
        )


def promise_rows(
    result: Result, soaks: Sequence[Result], *, only_short: bool = False, only_measured: bool = False
) -> Iterator[str]:
    """The table of ``promises.py``, as far as it is asked for. What wasn't measured has an empty cell."""
    yield "| what | measured | promise | aim |"
    yield "|---|--:|---|---|"
    for row in promises.PROMISES:
        match row:
            case Measured():
                measure = measure_of(result, row)
                wanted = row.in_short or not only_short
                if wanted and (measure is not None or not only_measured):
                    yield _cells(row.what, *_measured(result, measure, row))
            case Soaked():
                if (row.in_short or not only_short) and not only_measured:
                    yield _cells(row.what, *_soaked(soaks, row), "")
            case ByTest():
                if not only_short and not only_measured:
                    yield _cells(row.what, f"[a test](../{row.file})", row.promise, "")


def _measured(result: Result, measure: Mapping[str, Any] | None, row: Measured) -> list[str]:
    if measure is None:
        return ["", *(f"{bound}: not measured" if bound else "" for bound in (row.promise, row.aim))]
    busy = result["quiet"] is False
    of_size = " (size full)" if measure["title"].endswith("(size full)") else ""
    judgements = [judged(measure, row.figure, bound, busy=busy) for bound in (row.promise, row.aim)]
    return [figure_of(measure, row) + of_size, *judgements]


def _soaked(soaks: Sequence[Result], row: Soaked) -> list[str]:
    if not soaks:
        return ["", f"{row.promise}: not measured"]
    found = sum(_count(soak[name]) for soak in soaks for name in row.findings)
    claims = sum(soak["claims"] for soak in soaks)
    return [f"{found} in {claims:,} claims", f"{row.promise}: {'kept' if row.promise.is_kept(found) else '**missed**'}"]


def _count(finding: Any) -> int:
    """A number, or how many texts there are."""
    return len(finding) if isinstance(finding, list) else int(finding)


def soak_lines(soaks: Sequence[Result]) -> Iterator[str]:
    """When and how the soaks ran, and what happened in each."""
    for soak in soaks:
        happened = ", ".join(f"{count} {what}" for what, count in sorted(soak["happened"].items()))
        settings = ", ".join(f"{name} {value}" for name, value in soak["settings"].items())
        commit = soak["commit"] or "not known"
        ran = f"{soak['date']}, commit {commit}: {soak['claims']:,} claims in {shown(soak['seconds'])} s"
        found = f"{len(soak['faults'])} faults, {soak['order_inversions']} inversions"
        yield f"- {ran}; {found}; {happened} ({settings})."


def _rows(result: Result) -> Iterator[str]:
    yield "| measure | figure | of | median (range) | LastIn beside it |"
    yield "|---|---|---|--:|--:|"
    for measure in result["measures"]:
        for figure in measure["figures"]:
            for name in measure["contestants"]:
                if values := values_of(measure, name, figure["name"]):
                    yield _row(measure, figure, name, values)


def _row(measure: Mapping[str, Any], figure: Mapping[str, Any], name: str, values: Sequence[float]) -> str:
    ours = values_of(measure, ours_in(measure), figure["name"])
    no_ratio = name == ours_in(measure) or not ours or not median(values)
    ratio = "" if no_ratio else f"{median(ours) / median(values):.2f} ×"
    return _cells(measure["name"], f"{figure['name']}, {figure['unit']}", name, spread(values), ratio)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def not_measured(result: Result) -> Iterator[str]:
    """One line for each contestant that had no turn."""
    for measure in result["measures"]:
        for name, outcome in measure["contestants"].items():
            if outcome.get("not_measured"):
                yield f"- not measured: {name} in {measure['name']} ({outcome['not_measured']})"
