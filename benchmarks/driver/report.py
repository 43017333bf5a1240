"""The tables of a result, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .figures import median, spread
from .results import bound_of, ours_in, values_of, verdict


def table(result: Mapping[str, Any]) -> str:
    """The head of a result and one row for each figure of each contestant."""
    return "\n".join([*head(result), "", *_rows(result), "", *not_measured(result)]).rstrip() + "\n"


def head(result: Mapping[str, Any]) -> Iterator[str]:
    """Where and when it was measured, and how far that can be trusted."""
    m = result["machine"]
    yield (
        f"{result['began']}, size {result['size']}: {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}, "
        f"Python {m['python']}, {result['server']}."
    )
    yield ", ".join(f"{name} {version}" for name, version in sorted(result["versions"].items())) + "."
    if result["quiet"]:
        yield "The machine was quiet."
    elif result["quiet"] is None:
        yield "Whether the machine was quiet couldn't be told."
    else:
        share = result["foreign_cpu"]
        yield (
            f"**The machine was busy** (in the median turn, others used {share:.0%} of its cores): its figures are "
            "too low, and ratios favour who waits over who computes."
        )


def _rows(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| measure | figure | of | median (range) | LastIn beside it | promise | aim |"
    yield "|---|---|---|--:|--:|---|---|"
    for measure in result["measures"]:
        for figure in measure["figures"]:
            for name in measure["contestants"]:
                values = values_of(measure, name, figure["name"])
                if values:
                    yield _row(measure, figure, name, values)


def _row(measure: Mapping[str, Any], figure: Mapping[str, Any], name: str, values: Any) -> str:
    ours = values_of(measure, ours_in(measure), figure["name"])
    ratio = (
        "" if name == ours_in(measure) or not ours or not median(values) else f"{median(ours) / median(values):.2f} ×"
    )
    cells = [measure["name"], f"{figure['name']}, {figure['unit']}", name, spread(values), ratio]
    cells += [_judged(measure, figure, kind) if name == ours_in(measure) else "" for kind in ("promise", "aim")]
    return "| " + " | ".join(cells) + " |"


def _judged(measure: Mapping[str, Any], figure: Mapping[str, Any], kind: str) -> str:
    bound = bound_of(figure, kind)
    if bound is None:
        return ""
    return f"{bound}: " + {True: "kept", False: "**missed**", None: "not told"}[verdict(measure, figure, kind)]


def not_measured(result: Mapping[str, Any]) -> Iterator[str]:
    """One line for each contestant that had no turn."""
    for measure in result["measures"]:
        for name, outcome in measure["contestants"].items():
            if outcome.get("not_measured"):
                yield f"- not measured: {name} in {measure['name']} ({outcome['not_measured']})"
