"""The stack as it is drawn: bands by age, the newest on top, and the cut under which the next window doesn't reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

from middleware.queues.snapshot import QueueSnapshot
from middleware.queues.stack import StackShape

from .. import words

UNITS_US = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000}
FULL_WIDTH = 1_000_000
"""So many jobs fill the drawing's width, or as many as the widest band has."""


@dataclass(frozen=True, slots=True)
class Band:
    """Jobs of an age. ``number``: which of the ages it is, for its pattern; ``end``: the end of the stack from which
    the next window takes it, or nothing; the times bound the acceptance of its jobs, in µs since the epoch."""

    number: int
    label: str
    count: int
    width: float
    end: str
    after_us: int | None
    before_us: int | None

    @property
    def is_taken(self) -> bool:
        """Whether the next window takes it."""
        return bool(self.end)


@dataclass(frozen=True, slots=True)
class Cut:
    """A line between bands: what lies on the other side waits. ``age_us`` may be unknown."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn, from the top. ``says``: the same in a sentence."""

    rows: list[Band | Cut]
    waiting: int
    says: str
    scale: str
    oldest_age_us: int | None

    @property
    def bands(self) -> list[Band]:
        """Without the cuts."""
        return [row for row in self.rows if isinstance(row, Band)]


def drawing_of(queue: QueueSnapshot, shape: StackShape) -> Drawing:
    """The stack of a queue."""
    widest = max(shape.counts, default=0)
    full = max(FULL_WIDTH if widest > 10_000 else 10_000 if widest > 100 else 100, widest)
    rows: list[Band | Cut] = []
    top, bottom = shape.taken.from_top, shape.taken.from_bottom
    above = 0
    bounds = (0, *shape.ages_us, None)
    has_windows = queue.mode == "windows" and queue.policy is not None
    for number, count in enumerate(shape.counts):
        pieces = _pieces(above, count, top, shape.waiting - bottom)
        ages = _ages(bounds[number], bounds[number + 1], pieces, shape)
        for (end, size), (younger, older) in zip(pieces, ages, strict=True):
            rows.append(
                Band(
                    number=number,
                    label=_label(younger, older),
                    count=size,
                    width=_width(size, full),
                    end=end,
                    after_us=None if older is None else shape.now_us - older,
                    before_us=None if not younger else shape.now_us - younger,
                )
            )
        above += count
    if has_windows and queue.pause is None:
        rows = _with_cuts(rows, shape)
    return Drawing(rows, shape.waiting, _says(queue, shape), _scale(full), queue.oldest_age_us)


def _pieces(above: int, count: int, top: int, bottom_from: int) -> list[tuple[str, int]]:
    """A band's parts: which is taken from the top, which not, and which from the bottom."""
    first = min(max(top - above, 0), count)
    last = min(max(above + count - bottom_from, 0), count - first)
    pieces = [("top", first), ("", count - first - last), ("bottom", last)]
    return [piece for piece in pieces if piece[1]] or [("", 0)]


def _ages(
    younger: int | None, older: int | None, pieces: list[tuple[str, int]], shape: StackShape
) -> list[tuple[int | None, int | None]]:
    """Between which ages each part of a band lies."""
    ages = []
    begin = younger
    for i, (end, _) in enumerate(pieces):
        is_last = i + 1 == len(pieces)
        inner = shape.top_age_us if end == "top" else shape.bottom_age_us
        finish = older if is_last else inner
        ages.append((begin, finish))
        begin = finish
    return ages


def _with_cuts(rows: list[Band | Cut], shape: StackShape) -> list[Band | Cut]:
    out: list[Band | Cut] = []
    before = ""
    for band in rows:
        if isinstance(band, Band) and band.count:
            if before == "top" and band.end != "top":
                age = f" at {words.microseconds(shape.top_age_us)}" if shape.top_age_us is not None else ""
                out.append(Cut(f"The cut{age}: what lies below waits for a quieter time."))
            if before and band.end == "bottom" and before != "bottom":
                out.append(Cut(_below(shape)))
            before = band.end or "left"
        out.append(band)
    return out


def _below(shape: StackShape) -> str:
    if not shape.taken.from_top:
        return "The cut: what lies above waits, the oldest go first."
    count = shape.taken.from_bottom
    if count == 1:
        return "Below: the oldest, taken as well by its share."
    return f"Below: the {words.number(count)} oldest, taken as well by their share."


def _label(younger: int | None, older: int | None) -> str:
    if older is None:
        return f"over {_age(younger or 0, _unit(younger or 0))}"
    if not younger:
        return f"under {_age(older, _unit(older))}"
    unit = _unit(younger)
    if older <= 60 * UNITS_US[unit]:
        return f"{_age(younger, unit).removesuffix(f' {unit}')}–{_age(older, unit)}"
    return f"{_age(younger, unit)} – {_age(older, _unit(older))}"


def _unit(age_us: int) -> str:
    return next((unit for unit, us in UNITS_US.items() if age_us >= us), "ms")


def _age(age_us: int, unit: str) -> str:
    """Short, for the drawing has little room: 0.4 s, 49 s, 1.6 min."""
    value = age_us / UNITS_US[unit]
    return f"{value:.1f}".removesuffix(".0") + f" {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def _width(count: int, full: int) -> float:
    """In percent, by the logarithm: one job can be seen beside a million."""
    if not count:
        return 0.0
    return round(max(2.0, 100 * math.log10(1 + count) / math.log10(1 + full)), 1)


def _scale(full: int) -> str:
    return f"Widths are on a logarithmic scale: from 1 job to {words.number(full)}."


def _says(queue: QueueSnapshot, shape: StackShape) -> str:
    waiting = shape.waiting
    if not waiting:
        return "Nothing waits."
    jobs = words.plural(waiting, "job waits", "jobs wait")
    if queue.pause is not None:
        return f"{jobs}. The queue is paused: nothing is taken."
    if queue.mode == "continuous":
        return f"{jobs}. There are no windows: idle threads take {_first(queue)} at any time."
    if queue.policy is None:
        return f"{jobs}. No scheduler has said yet when they may run."
    if queue.policy.share_by_group and queue.groups is not None:
        if queue.groups.waiting == 1:
            return f"{jobs}, of one group. Windows take {_first(queue)} first."
        groups = f"{words.number(queue.groups.waiting)} groups that wait"
        return f"{jobs}. Windows go round the {groups}, {_first(queue)} of each first."
    taken = shape.taken.total
    window = "This window" if queue.window is not None else "The next window"
    if taken >= waiting:
        return f"{jobs}. {window} takes {'it' if waiting == 1 else 'all of them'}."
    if not taken:
        return f"{jobs}. {window} has no credits left."
    return f"{jobs}. {window} takes {words.number(taken)}, {_first(queue)} first."


def _first(queue: QueueSnapshot) -> str:
    return "the newest" if queue.order_now == "lifo" else "the oldest"
