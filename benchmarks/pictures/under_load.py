"""The picture of what became of jobs with a deadline at each load: drawn from ``results/overload.json`` alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ..driver import loads
from ..driver.results import OVERLOAD, read
from .charts import COLOURS, DASHES, TEXT

WIDTH, HEIGHT = 760, 300
TOP, BOTTOM = 66, 44
LEFTS, PANEL_WIDTH = (44, 302, 550), 196
MOST_LOAD = 3.0
GREY = "#6b7280"
STYLES = dict(zip(loads.NAMES, zip(COLOURS, DASHES, strict=True), strict=True))
POSSIBLE = [(load / 20, min(100.0, 2000 / load)) for load in range(10, 61)]
"""The share that any order can start, by load."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the charts. ``part``: how far up a value lies, from 0 to 1; ``marks``: values with their words."""

    title: str
    figure: str
    part: Callable[[float], float]
    marks: Sequence[tuple[float, str]]


def _of_hundred(percent: float) -> float:
    return percent / 100


def _of_decades(ms: float) -> float:
    """From 1 ms to 10 s; what lies outside is drawn at the edge."""
    return math.log10(min(max(ms, 1), 10_000)) / 4


DECADES = ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s"), (10_000, "10 s"))
PANELS = (
    Panel("started in time, % of all", "in time", _of_hundred, [(n, str(n)) for n in range(0, 101, 20)]),
    Panel("median wait of those started", "wait p50", _of_decades, DECADES),
    Panel("age of the oldest that waits", "oldest age", _of_decades, DECADES),
)


def under_load() -> str:
    """The SVG document of the result that is kept."""
    return drawn(read(OVERLOAD))


def drawn(result: Mapping[str, Any]) -> str:
    """The SVG document of a result."""
    title = "Jobs with a deadline of one second, from half the capacity to three times as much"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *(_legend(i, contestant) for i, contestant in enumerate(loads.NAMES)),
        _guide_legend(len(loads.NAMES)),
    ]
    for left, panel in zip(LEFTS, PANELS, strict=True):
        parts += [*_frame(left, panel), *(_guide(left, panel) if panel.figure == "in time" else ())]
        parts += [_line(left, panel, contestant, result) for contestant in loads.NAMES]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(left: float, load: float) -> str:
    return f"{left + PANEL_WIDTH * min(load, MOST_LOAD) / MOST_LOAD:.1f}"


def _y(panel: Panel, value: float) -> str:
    return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * panel.part(value):.1f}"


def _frame(left: float, panel: Panel) -> list[str]:
    middle, right = left + PANEL_WIDTH / 2, left + PANEL_WIDTH
    parts = [_text(middle, TOP - 14, panel.title, "middle")]
    for value, words in panel.marks:
        height = _y(panel, value)
        parts.append(f'<path d="M{left:g} {height}H{right:g}" stroke="#d1d5db"/>')
        parts.append(_text(left - 6, float(height) + 4, words, "end"))
    parts += [_text(float(_x(left, load)), HEIGHT - BOTTOM + 18, f"{load} ×", "middle") for load in range(4)]
    return [*parts, _text(middle, HEIGHT - 8, "offered, of the capacity", "middle")]


def _line(left: float, panel: Panel, contestant: str, result: Mapping[str, Any]) -> str:
    """Each load is drawn where it really was: senders may fall behind."""
    points = sorted(
        (loads.figure_at(result, load, contestant, "offered"), loads.figure_at(result, load, contestant, panel.figure))
        for load in map(loads.load_of, result["measures"])
    )
    return _polyline(left, panel, points, *STYLES[contestant])


def _guide(left: float, panel: Panel) -> list[str]:
    return [_polyline(left, panel, POSSIBLE, GREY, "1 3")]


def _polyline(left: float, panel: Panel, points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    at = " ".join(f"{_x(left, load)},{_y(panel, value)}" for load, value in points)
    return f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'


def _legend(i: int, contestant: str) -> str:
    colour, dashes = STYLES[contestant]
    return _sample(i, colour, dashes) + _text(_legend_left(i) + 30, 24, loads.NAMES[contestant])


def _guide_legend(i: int) -> str:
    return _sample(i, GREY, "1 3") + _text(_legend_left(i) + 30, 24, "most possible")


def _legend_left(i: int) -> float:
    return 8 + i * 152


def _sample(i: int, colour: str, dashes: str) -> str:
    left = _legend_left(i)
    return f'<path d="M{left:g} 20h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text {TEXT} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
