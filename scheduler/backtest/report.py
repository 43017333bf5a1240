"""The figures of several cadences side by side, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from middleware.clock import rfc3339
from middleware.words import counted, duration

from ..preview import said
from .arrivals import Arrivals
from .candidates import Candidate
from .figures import PERCENTS, Figures
from .run_times import RunTime

NOTHING = "–"
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Report:
    """What was simulated, and what came of it: one candidate with its figures each."""

    queue: str
    arrivals: Arrivals
    threads: int
    run_time: RunTime
    outcomes: Sequence[tuple[Candidate, Figures]]

    def lines(self) -> Iterator[str]:
        """A table with a column for each cadence, under what all have in common and what each one means."""
        first_us, last_us = self.arrivals.at_us[0], self.arrivals.at_us[-1]
        yield (
            f"{counted(len(self.arrivals), 'arrival')} in queue {self.queue} within {duration(last_us - first_us)}, "
            f"from {rfc3339(first_us)}; {counted(self.threads, 'thread')}; run time {self.run_time}"
        )
        yield ""
        for candidate, _ in self.outcomes:
            yield f"{candidate.name}: {', '.join(said(candidate.cadence))}"
        yield ""
        yield from _table([("", [candidate.shown(LONGEST_NAME) for candidate, _ in self.outcomes]), *self._rows()])

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON takes it. Times of day are RFC 3339, spans of time in ms."""
        return {
            "queue": self.queue,
            "arrivals": len(self.arrivals),
            "first_at": rfc3339(self.arrivals.at_us[0]),
            "last_at": rfc3339(self.arrivals.at_us[-1]),
            "threads": self.threads,
            "run_time": str(self.run_time),
            "cadences": [
                {"cadence": candidate.name, "means": list(said(candidate.cadence)), **_as_dict(figures)}
                for candidate, figures in self.outcomes
            ],
        }

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        figures = [figures for _, figures in self.outcomes]
        yield "started", [f"{each.started:,}" for each in figures]
        for percent in PERCENTS:
            yield f"wait p{percent}", [_span(each.waits_us[percent]) for each in figures]
        yield "longest wait", [_span(each.longest_wait_us) for each in figures]
        yield "freshness, mean", [_span(each.freshness_us) for each in figures]
        yield "freshness, worst", [_span(each.stalest_us) for each in figures]
        yield "expired", [f"{each.expired:,}" for each in figures]
        yield "expired share", [_share(each.expired / each.arrivals) for each in figures]
        if any(each.superseded for each in figures):
            yield "superseded", [f"{each.superseded:,}" for each in figures]
        yield "left waiting", [f"{each.left_waiting:,}" for each in figures]
        yield "threads busy", [_share(each.busy) for each in figures]
        yield "ended after", [_span(each.ended_at_us - self.arrivals.at_us[0]) for each in figures]


def _as_dict(figures: Figures) -> dict[str, Any]:
    return {
        "started": figures.started,
        "wait_ms": {
            **{f"p{percent}": _ms(wait_us) for percent, wait_us in figures.waits_us.items()},
            "longest": _ms(figures.longest_wait_us),
        },
        "freshness_ms": {"mean": _ms(figures.freshness_us), "worst": _ms(figures.stalest_us)},
        "expired": figures.expired,
        "expired_share": figures.expired / figures.arrivals,
        "superseded": figures.superseded,
        "left_waiting": figures.left_waiting,
        "threads_busy": round(figures.busy, 6),
        "ended_at": rfc3339(figures.ended_at_us),
    }


def _table(rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    first = max(len(name) for name, _ in rows)
    widths = [max(map(len, column)) for column in zip(*(values for _, values in rows), strict=True)]
    for name, values in rows:
        yield "  ".join([name.ljust(first), *(value.rjust(width) for value, width in zip(values, widths, strict=True))])


def _span(time_us: float | None) -> str:
    return NOTHING if time_us is None else duration(time_us)


def _ms(time_us: float | None) -> float | None:
    return None if time_us is None else round(time_us / 1000, 3)


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"
