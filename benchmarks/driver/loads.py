"""What became of jobs with a deadline at each load (the measures ``overload-…``), for the documents and their picture.

The result is kept as ``results/overload.json``: ``python -m benchmarks --publish-overload FILE``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .figures import median, shown, spread
from .report import head
from .results import OVERLOAD, combined, read, values_of

PREFIX = "overload-"
LOADS = (0.5, 1.0, 1.5, 2.0, 3.0)
"""How many times the capacity is offered."""
LIFO, ADAPTIVE, OWN_FIFO = "lastin-deadline", "lastin-adaptive", "lastin-fifo"
FIFO, FIFO_AGE_LIMIT = "dramatiq-tuned", "dramatiq-deadline"
NAMES = {
    LIFO: "LIFO (LastIn)",
    ADAPTIVE: "adaptive (LastIn)",
    FIFO_AGE_LIMIT: "FIFO with AgeLimit",
    FIFO: "FIFO (Dramatiq)",
}
HALF = 0.5
AT_HALF = {**NAMES, OWN_FIFO: "FIFO (LastIn)"}
"""At half the capacity LastIn's own FIFO has its turns too: there only the order differs from the adaptive one."""
AS_FAIR = 1.2
"""The longest wait of the adaptive order at half the capacity is at most so many times that of any FIFO."""

Result = Mapping[str, Any]


def keep(paths: Sequence[Path], into: Path = OVERLOAD) -> None:
    """Keep the measures ``overload-…`` of these results; those of later ones take the place of those of the first.

    Raises:
      ValueError: one of them is missing, or one of the contestants in it.
    """
    result = combined(*map(read, paths))
    found = [measure for measure in result["measures"] if measure["name"].startswith(PREFIX)]
    lacking = [f"{PREFIX}{load:g}" for load in LOADS if load not in map(load_of, found)] + [
        f"{name} in {measure['name']}" for measure in found for name in NAMES if not values_of(measure, name, "in time")
    ]
    if lacking:
        raise ValueError(
            f"expected the measures {PREFIX}… with all of their contestants; missing: {', '.join(lacking)}."
            f" Run `make bench BENCH_ARGS={PREFIX}` again"
        )
    into.write_text(json.dumps({**result, "measures": found}, indent=1) + "\n", encoding="utf-8")


def load_of(measure: Mapping[str, Any]) -> float:
    """How many times the capacity a measure offers."""
    return float(measure["name"].removeprefix(PREFIX))


def figure_at(result: Result, load: float, contestant: str, figure: str) -> float:
    """The median of the rounds."""
    return median(_values(result, load, contestant, figure))


def readme(result: Result) -> str:
    """The picture and the sentence of ``README.md``."""
    return f"{_picture(result, 'docs/pictures')}\n\n{_sentence(result)} {_trust(result, 'docs/performance.md')}\n"


def performance(result: Result) -> str:
    """The section of ``docs/performance.md``."""
    setting = result["measures"][0]["limited_by"]
    peers = "; ".join(f"**{AT_HALF[name]}**, in results `{name}`: {result['peers'][name]}" for name in AT_HALF)
    lines = [*head(result), "", _picture(result, "pictures"), "", _sentence(result), "", f"{setting} {peers}.", ""]
    return "\n".join([*lines, *_table(result), "", fairness(result)]) + "\n"


def fairness(result: Result) -> str:
    """Whether the adaptive order is as fair as FIFO while there is no backlog: ratios are computed round by round."""
    ours = _values(result, HALF, ADAPTIVE, "longest wait")
    ratios = {
        name: [one / other for one, other in zip(ours, _values(result, HALF, name, "longest wait"), strict=True)]
        for name in (OWN_FIFO, FIFO, FIFO_AGE_LIMIT)
    }
    beside = ", ".join(f"{spread(values)} × that of {AT_HALF[name]}" for name, values in ratios.items())
    kept = "kept" if all(median(values) <= AS_FAIR for values in ratios.values()) else "**missed**"
    verdict = kept if result["quiet"] else "not judged: busy machine"
    return (
        f"At half the capacity the longest wait with `adaptive` was {spread(ours)} ms: {beside}. "
        f"The aim is ≤ {AS_FAIR:g} ×: {verdict}."
    )


def _of_measure(measure: Mapping[str, Any]) -> Mapping[str, str]:
    return AT_HALF if load_of(measure) == HALF else NAMES


def _values(result: Result, load: float, contestant: str, figure: str) -> Sequence[float]:
    measure = next(measure for measure in result["measures"] if load_of(measure) == load)
    return values_of(measure, contestant, figure)


def _sentence(result: Result) -> str:
    def at_twice(contestant: str, figure: str) -> str:
        return shown(figure_at(result, 2, contestant, figure))

    return (
        f"At twice the capacity LastIn started {at_twice(LIFO, 'in time')} % of all jobs within their deadline "
        f"of one second (about 50 % is all that can be), half of them within {at_twice(LIFO, 'wait p50')} ms; FIFO "
        f"started {at_twice(FIFO, 'in time')} %, and with a deadline of its own "
        f"{at_twice(FIFO_AGE_LIMIT, 'in time')} %, half of them only after {at_twice(FIFO_AGE_LIMIT, 'wait p50')} ms."
    )


def _trust(result: Result, page: str) -> str:
    busy = "" if result["quiet"] else "**The machine was busy with other work**, which lowers all shares. "
    return f"{busy}[Each load, and how it was measured]({page}#under-overload)."


def _picture(result: Result, folder: str) -> str:
    told = "; ".join(
        f"{name}: {shown(figure_at(result, 2, contestant, 'in time'))} % in time, median wait "
        f"{shown(figure_at(result, 2, contestant, 'wait p50'))} ms, oldest "
        f"{shown(figure_at(result, 2, contestant, 'oldest age'))} ms"
        for contestant, name in NAMES.items()
    )
    return (
        "![Three charts by load, from half the capacity to three times: share of jobs started in time, median wait of "
        f"those started, age of the oldest that waits. At twice the capacity: {told}.]({folder}/under-load.svg)"
    )


def _table(result: Result) -> Iterator[str]:
    yield "| load | order | offered | started in time, % | wait p50, ms | p99, ms | longest, ms | oldest age, ms |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|"
    for measure in result["measures"]:
        of_size = " (size full)" if measure["title"].endswith("(size full)") else ""
        for contestant, name in _of_measure(measure).items():
            cells = [spread(values_of(measure, contestant, figure["name"])) for figure in measure["figures"]]
            yield f"| {load_of(measure):g} ×{of_size} | {name} | " + " | ".join(cells) + " |"
