"""Charts in percent of their frame: histograms of times, strips of windows, lines. Templates draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from middleware.commands.layout import BOUNDS_US
from middleware.queues.window import Window
from middleware.statistics.histograms import Histogram
from middleware.statistics.history import STEP_S, Step

from .. import words

GROUPS_US = (1_000, 10_000, 100_000, 500_000, 1_000_000, 2_000_000, 10_000_000, 60_000_000, 600_000_000, 3_600_000_000)
"""Where a bar of a histogram ends; each is a bound of the buckets that are counted."""
ROW_STEPS = 30
"""Steps of the history in a row of its table: 5 minutes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``height`` in percent of the frame, ``share`` of all."""

    label: str
    count: int
    height: float
    share: float


@dataclass(frozen=True, slots=True)
class WindowBar:
    """A window: its credits as a frame, what was claimed as its filling, what was rejected of that. In percent."""

    window: Window
    x: float
    width: float
    credits: float
    claimed: float
    rejected: float
    title: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Some minutes of the history, from ``at_us`` on. Rates a second."""

    at_us: int
    accepted: float
    processed: float
    rejected: int
    waiting: int
    oldest_age_us: int | None


def bars_of(times: Histogram) -> list[Bar]:
    """A histogram by :data:`GROUPS_US`."""
    counts, begin = [], 0
    for end_us in (*GROUPS_US, None):
        end = len(times.counts) if end_us is None else BOUNDS_US.index(end_us) + 1
        counts.append(sum(times.counts[begin:end]))
        begin = end
    highest, total = max(counts), sum(counts)
    labels = [f"≤ {words.microseconds(us)}" for us in GROUPS_US] + [f"> {words.microseconds(GROUPS_US[-1])}"]
    return [
        Bar(label, count, _height(count, highest), count / total if total else 0.0)
        for label, count in zip(labels, counts, strict=True)
    ]


def strip_of(windows: Sequence[Window], shown: int) -> list[WindowBar]:
    """The last windows, the newest at the right."""
    highest = max((max(w.credits or 0, w.claimed) for w in windows), default=0)
    width = 100 / shown
    bars = []
    for i, window in enumerate(windows[:shown]):
        credits, claimed = window.credits or window.claimed, window.claimed
        bars.append(
            WindowBar(
                window=window,
                x=round(100 - (i + 1) * width, 3),
                width=round(width * 0.76, 3),
                credits=_height(credits, highest),
                claimed=_height(claimed, highest),
                rejected=_height(window.rejected, highest),
                title=window_title(window),
            )
        )
    return bars[::-1]


def window_title(window: Window) -> str:
    """A window in a line."""
    of = f" of {words.number(window.credits)} credits" if window.credits is not None else " (no bound)"
    rejected = f", {words.number(window.rejected)} rejected" if window.rejected else ""
    return f"{window.id}: {words.number(window.claimed)} claimed{of}{rejected}"


def line_of(values: Sequence[float]) -> str:
    """A small line chart as the points of a polyline in a frame of 100 × 20."""
    highest = max(values, default=0) or 1
    step = 100 / max(1, len(values) - 1)
    return " ".join(f"{i * step:.1f},{19 - 18 * value / highest:.1f}" for i, value in enumerate(values))


def by_minute(steps: Sequence[Step]) -> list[float]:
    """Processed jobs a second, a value for each minute."""
    return [sum(step.processed for step in steps[i : i + 6]) / 60 for i in range(0, len(steps), 6)]


def rows_of(steps: Sequence[Step]) -> list[HistoryRow]:
    """The history as a table, the newest row first."""
    rows = []
    for i in range(0, len(steps), ROW_STEPS):
        part = steps[i : i + ROW_STEPS]
        length_s = len(part) * STEP_S
        rows.append(
            HistoryRow(
                at_us=part[0].at_us,
                accepted=sum(step.accepted for step in part) / length_s,
                processed=sum(step.processed for step in part) / length_s,
                rejected=sum(step.rejected for step in part),
                waiting=part[-1].waiting,
                oldest_age_us=part[-1].oldest_age_us,
            )
        )
    return rows[::-1]


def _height(count: float, highest: float) -> float:
    """In percent; what is there can be seen."""
    return 0.0 if not count or not highest else round(max(3.0, 100 * math.sqrt(count / highest)), 2)
