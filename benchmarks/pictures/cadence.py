"""The pictures of docs/cadence.md, and the figures that stand in its text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from .charts import Axis, Line, chart
from .simulation import Rule, claims, evenly

SECOND_MS = 1000
OVERLOAD = Rule(every_ms=SECOND_MS, batch=10)
SHARES = (0, 100_000, 200_000, 500_000)
BURST = [
    *evenly(8, from_s=0, until_s=60),
    *evenly(30, from_s=60, until_s=90),
    *evenly(8, from_s=90, until_s=300),
]


def steps() -> str:
    """The wait of each job at the same rate in small and in large steps."""
    arrivals = evenly(8, from_s=0, until_s=40)
    lines = []
    for every_s in (1, 10):
        rule = Rule(every_ms=every_s * SECOND_MS, batch=every_s * 10, close_when_empty=True)
        found = sorted(claims(arrivals, rule, 60_000), key=lambda claim: claim.arrived_ms)
        points = [(claim.arrived_ms / 1000, claim.waited_ms / 1000) for claim in found if claim.arrived_ms <= 30_000]
        lines.append(Line(f'every "{every_s}s", batch {every_s * 10}', points))
    title = "Wait of each job, 8 a second, by when it arrived"
    return chart(title, Axis("arrived after s", 30, 5), Axis("waited s", 10, 2), lines)


def overload() -> str:
    """How long jobs wait when 12 arrive in each window and 10 are let through."""
    arrivals = evenly(12, from_s=0, until_s=120)
    lines = []
    for name, rule in (
        ("lifo", OVERLOAD),
        ("lifo, share 0.2", replace(OVERLOAD, share_ppm=200_000)),
        ("fifo", replace(OVERLOAD, order="fifo")),
    ):
        waits = sorted(claim.waited_ms for claim in claims(arrivals, rule, 120_000))
        points = [(s / 2, 100 * sum(wait <= s * 500 for wait in waits) / len(arrivals)) for s in range(61)]
        lines.append(Line(name, points))
    title = "Share of all jobs that started within a given time, 12 arriving for each 10 let through"
    return chart(title, Axis("within s", 30, 5), Axis("% of all jobs", 100, 20), lines)


def shares() -> str:
    """What is left of a backlog, by the share that goes to the oldest."""
    lines = []
    for share_ppm in SHARES:
        left = 1000
        points: list[tuple[float, float]] = [(0, left)]
        arrivals = [*[0] * 1000, *evenly(12, from_s=1, until_s=300)]
        taken: defaultdict[int, int] = defaultdict(int)
        for claim in claims(arrivals, replace(OVERLOAD, share_ppm=share_ppm), 300_000):
            taken[claim.at_ms // SECOND_MS] += claim.arrived_ms == 0
        for window in range(300):
            left -= taken[window]
            points.append((window + 1, left))
        lines.append(Line(f"share {share_ppm / 1_000_000:g}", points))
    title = "Jobs left of a backlog of 1,000, 12 arriving in each window of 10"
    return chart(title, Axis("windows", 300, 50), Axis("left", 1000, 200), lines)


def burst() -> str:
    """The wait of those who start, second by second, through a burst."""
    lines = []
    for name, rule in (
        ("fifo", replace(OVERLOAD, order="fifo")),
        ("adaptive", replace(OVERLOAD, order="adaptive", above_ms=10_000, below_ms=5_000)),
    ):
        waits: defaultdict[int, list[int]] = defaultdict(list)
        for claim in claims(BURST, rule, 300_000):
            waits[claim.at_ms // SECOND_MS].append(claim.waited_ms)
        points = [(second, sorted(of)[len(of) // 2] / 1000) for second, of in sorted(waits.items())]
        lines.append(Line(name, points))
    title = "Median wait of the jobs that start; 8 arrive a second, 30 from second 60 to 90, 10 are let through"
    return chart(title, Axis("after s", 300, 60), Axis("waited s", 80, 20), lines)


PICTURES: dict[str, Callable[[], str]] = {
    "docs/pictures/steps.svg": steps,
    "docs/pictures/overload.svg": overload,
    "docs/pictures/shares.svg": shares,
    "docs/pictures/burst.svg": burst,
}
