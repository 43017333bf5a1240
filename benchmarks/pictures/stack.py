"""The picture of the README: a stack, the newest job on top, and where a window of three credits cuts it."""

from __future__ import annotations

from html import escape

from .charts import COLOURS, TEXT

WIDTH, HEIGHT = 640, 264
JOBS = ("just now", "1 s ago", "4 s ago", "30 s ago", "2 min ago", "9 min ago")
"""When each job was accepted, from the top of the stack to its bottom."""
CREDITS = 3
BOX_LEFT, BOX_WIDTH, BOX_HEIGHT, STEP = 40, 210, 26, 32
THREAD_LEFT, THREAD_WIDTH = 400, 216
TOP, GAP = 46, 20
"""Above the first box, and between the boxes at the cut; all in pixels."""
BLUE, RED = COLOURS[:2]
GREY = "#9ca3af"


def stack() -> str:
    """The SVG document."""
    title = "The newest jobs are on top and run first; those below the window's last credit wait"
    cut = _top(CREDITS) - (GAP + STEP - BOX_HEIGHT) / 2
    lowest = _top(len(JOBS) - 1) + BOX_HEIGHT / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(BOX_LEFT + 22, 20, "new jobs go on top"),
        _arrow(BOX_LEFT + 10, 10, BOX_LEFT + 10, TOP - 4, GREY),
        *(_box(i, accepted) for i, accepted in enumerate(JOBS)),
        *(_thread(i) for i in range(CREDITS)),
        f'<path d="M16 {cut:g}H{WIDTH - 16}" stroke="{RED}" stroke-width="2" stroke-dasharray="7 4"/>',
        _text(THREAD_LEFT, cut + 18, f"This window had {CREDITS} credits."),
        _text(THREAD_LEFT, cut + 36, "These jobs keep their places"),
        _text(THREAD_LEFT, cut + 52, "and wait for the next one."),
        _arrow(BOX_LEFT + BOX_WIDTH + 6, lowest, THREAD_LEFT - 8, lowest, GREY, dashes="2 3"),
        _text(THREAD_LEFT, lowest + 4, "oldest_share: some from below"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _top(i: int) -> float:
    return TOP + i * STEP + (GAP if i >= CREDITS else 0)


def _box(i: int, accepted: str) -> str:
    is_through = i < CREDITS
    fill, ink = (BLUE, "#ffffff") if is_through else ("#e5e7eb", "#1f2937")
    y = _top(i)
    return (
        f'<rect x="{BOX_LEFT}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4" fill="{fill}"/>'
        + _text(BOX_LEFT + 12, y + 17, f"job {len(JOBS) - i}", ink)
        + _text(BOX_LEFT + BOX_WIDTH - 12, y + 17, accepted, ink, anchor="end")
    )


def _thread(i: int) -> str:
    y = _top(i)
    return (
        _arrow(BOX_LEFT + BOX_WIDTH + 6, y + BOX_HEIGHT / 2, THREAD_LEFT - 8, y + BOX_HEIGHT / 2, BLUE)
        + f'<rect x="{THREAD_LEFT}" y="{y:g}" width="{THREAD_WIDTH}" height="{BOX_HEIGHT}" rx="4" fill="#ffffff" '
        f'stroke="{BLUE}"/>' + _text(THREAD_LEFT + 12, y + 17, f"an idle thread claims job {len(JOBS) - i}")
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashes: str = "") -> str:
    """A line to the right or down, with its head."""
    head = (
        f"M{to_x - 6:g} {to_y - 4:g}L{to_x:g} {to_y:g}L{to_x - 6:g} {to_y + 4:g}"
        if to_x > x
        else f"M{to_x - 4:g} {to_y - 6:g}L{to_x:g} {to_y:g}L{to_x + 4:g} {to_y - 6:g}"
    )
    return (
        f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        f'<path d="{head}" fill="none" stroke="{colour}" stroke-width="2"/>'
    )


def _text(x: float, y: float, words: str, ink: str = "#1f2937", *, anchor: str = "start") -> str:
    style = TEXT.replace("#1f2937", ink)
    return f'<text {style} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
