"""Rounds: in each, every contestant has its turn, so that whatever else happens on the machine happens to all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import promises
from . import machine
from .bench import Bench
from .measures import Measure, Size
from .peer import Contestant
from .processes import reap_orphans


@dataclass
class Outcome:
    """What came of one contestant in one measure."""

    values: dict[str, list[float]] = field(default_factory=dict)
    not_measured: str | None = None
    foreign: list[float] = field(default_factory=list)
    """The share of the machine's cores that others used, in each turn."""


def run(
    measure: Measure, contestants: Mapping[str, Contestant], size: Size, say: Callable[[str], None]
) -> dict[str, Outcome]:
    """All rounds of a measure. A contestant that fails is left out, and the reason is shown."""
    outcomes = {name: Outcome() for name in measure.contestants}
    for name, outcome in outcomes.items():
        if name not in contestants:
            outcome.not_measured = "left out"
        elif missing := contestants[name].missing():
            outcome.not_measured = missing
    for number in range(measure.rounds[size]):
        for name in _turned(_of_round(measure, size, number), number):
            if outcomes[name].not_measured is None:
                _take_turn(measure, contestants[name], outcomes[name], size)
                say(_line(measure, name, outcomes[name], number))
    return outcomes


def _of_round(measure: Measure, size: Size, number: int) -> list[str]:
    """In a quick run with promises, contestants that none of them is held beside have the first round only."""
    held = promises.stands_beside(measure.name)
    everybody = number == 0 or size != "quick" or not promises.of(measure.name)
    return [name for i, name in enumerate(measure.contestants) if everybody or i == 0 or name in held]


def _turned(names: Sequence[str], number: int) -> Iterator[str]:
    """In every round another one begins."""
    first = number % len(names)
    yield from [*names[first:], *names[:first]]


def _take_turn(measure: Measure, contestant: Contestant, outcome: Outcome, size: Size) -> None:
    begin = machine.moment()
    try:
        with Bench(size) as bench:
            values = measure.turn(bench, contestant)
    except Exception as error:
        outcome.values.clear()
        outcome.not_measured = f"failed: {_reason(error)}"
        return
    finally:
        reap_orphans()
    for name, value in values.items():
        outcome.values.setdefault(name, []).extend([value] if isinstance(value, int | float) else value)
    share = machine.foreign_share(begin, machine.moment())
    if share is not None:
        outcome.foreign.append(round(share, 3))


def _reason(error: Exception) -> str:
    """The line that says most: the last one of a Python traceback, the first one of Node's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    saying = [line for line in lines if "Error" in line]
    return (saying[-1] if saying else lines[-1])[:300]


def _line(measure: Measure, name: str, outcome: Outcome, number: int) -> str:
    if outcome.not_measured is not None:
        return f"{measure.name} · {name}: {outcome.not_measured}"
    last = ", ".join(f"{figure} {values[-1]:.4g}" for figure, values in outcome.values.items())
    return f"{time.strftime('%H:%M:%S')} {measure.name} · {name}, round {number + 1}: {last}"


def as_json(measure: Measure, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """A measure and its outcomes, as results keep them."""
    return {
        "name": measure.name,
        "title": measure.title,
        "limited_by": measure.limited_by,
        "figures": [{"name": f.name, "unit": f.unit} for f in measure.figures],
        "contestants": {
            name: {"not_measured": outcome.not_measured}
            if outcome.not_measured is not None
            else {"values": outcome.values, "foreign_cpu": outcome.foreign}
            for name, outcome in outcomes.items()
        },
    }
