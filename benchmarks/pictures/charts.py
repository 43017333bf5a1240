"""Line charts as small SVG files, the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 44
COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce")
"""People who see few colours can distinguish them too; the lines are also dashed differently."""
DASHES = ("", "7 4", "2 3", "10 3 2 3")
TEXT = 'font-family="sans-serif" font-size="12" fill="#1f2937"'


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its name in the legend."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """From 0 to ``end``, with a mark at each multiple of ``step``."""

    title: str
    end: float
    step: float


def chart(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """The SVG document."""
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    said = escape(title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">',
        f"<title>{said}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_marks(x, y),
        *(_line(i, line, x, y) for i, line in enumerate(lines)),
        *(_legend(i, line) for i, line in enumerate(lines)),
        f'<text {TEXT} x="{middle_x:g}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x.title)}</text>',
        f'<g transform="rotate(-90 14 {middle_y:g})">',
        f'<text {TEXT} x="14" y="{middle_y:g}" text-anchor="middle">{escape(y.title)}</text></g>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _at_x(value: float, axis: Axis) -> str:
    return f"{LEFT + (WIDTH - LEFT - RIGHT) * min(value, axis.end) / axis.end:.1f}"


def _at_y(value: float, axis: Axis) -> str:
    return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, axis.end) / axis.end:.1f}"


def _marks(x: Axis, y: Axis) -> list[str]:
    parts = []
    for n in range(int(y.end / y.step) + 1):
        height = _at_y(n * y.step, y)
        parts.append(f'<path d="M{LEFT} {height}H{WIDTH - RIGHT}" stroke="#d1d5db"/>')
        parts.append(f'<text {TEXT} x="{LEFT - 6}" y="{height}" dy="4" text-anchor="end">{n * y.step:g}</text>')
    for n in range(int(x.end / x.step) + 1):
        along = _at_x(n * x.step, x)
        parts.append(f'<text {TEXT} x="{along}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n * x.step:g}</text>')
    return parts


def _line(i: int, line: Line, x: Axis, y: Axis) -> str:
    points = " ".join(f"{_at_x(across, x)},{_at_y(up, y)}" for across, up in line.points)
    return (
        f'<polyline points="{points}" fill="none" stroke="{COLOURS[i]}" stroke-width="2" '
        f'stroke-dasharray="{DASHES[i]}"/>'
    )


def _legend(i: int, line: Line) -> str:
    left = LEFT + i * 146
    return (
        f'<path d="M{left} 20h24" stroke="{COLOURS[i]}" stroke-width="2" stroke-dasharray="{DASHES[i]}"/>'
        f'<text {TEXT} x="{left + 30}" y="24">{escape(line.name)}</text>'
    )
