"""When a job starts, from what is ahead of it, what comes on top of it, and the windows that open.

Claims and arrivals are taken for a random walk: what goes before a job becomes less by each claim and, in LIFO order,
more by each arrival. The answer is the median of the time at which nothing is left: half of the jobs in this position
start before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, pairwise

MOST_WINDOWS = 5_000
"""So many windows are looked at one by one; beyond them, they are taken to go on as the last ones did."""
FALLING_WITHIN = 5
"""Where so many windows in a row have made nothing less, none will."""
AT_ONCE_S = 0.05
FAST = 1e6
"""Starts a second of tasks that take no time at all."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A span in which jobs may be claimed, in seconds from now: ``credits`` at most, by ``idle`` threads at its
    beginning. ``until_s`` and ``credits`` may be infinite."""

    from_s: float
    until_s: float
    credits: float
    idle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A job's position and what its queue is like.

    ``first``: jobs that go before it, by the order; ``last``: those that go before it where a claim goes to the oldest,
    which ``share`` of the claims do. ``growth``: jobs a second that come to go before it. ``pace``: jobs a second that
    threads can start. ``joins_s``: when the job is on the stack.
    """

    first: float
    last: float
    share: float
    growth: float
    pace: float
    joins_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Start:
    """When a job starts, in seconds (infinite: never); ``at_opening``: as soon as a window opens; ``by_share``:
    as the oldest; ``windows``: how many open before that."""

    in_s: float
    windows: int = 0
    at_opening: bool = False
    by_share: bool = False


def start_of(outlook: Outlook, openings: Iterable[Opening]) -> Start:
    """When a job starts, by the openings that are planned, in their order."""
    first, last, since_s = outlook.first, outlook.last, outlook.joins_s
    steps: list[tuple[float, float, float]] = []
    for windows, opening in enumerate(islice(openings, MOST_WINDOWS)):
        begin_s = max(opening.from_s, outlook.joins_s)
        if begin_s >= opening.until_s:
            continue
        first += outlook.growth * (begin_s - since_s)
        length_s = opening.until_s - begin_s
        by_order = _by_order(outlook, opening, first, length_s)
        by_share = _by_share(outlook, opening, last, length_s)
        if (wait_s := min(by_order, by_share)) < math.inf:
            return Start(begin_s + wait_s, windows, wait_s < AT_ONCE_S, by_share < by_order)
        if math.isinf(length_s):
            return Start(math.inf)
        claims = min(opening.credits, opening.idle + outlook.pace * length_s)
        first = max(0.0, first + outlook.growth * length_s - claims * (1 - outlook.share))
        last = max(0.0, last - math.floor(claims * outlook.share))
        since_s = opening.until_s
        steps.append((since_s, first, last))
        if len(steps) > FALLING_WITHIN and _is_rising(steps[-FALLING_WITHIN - 1 :]):
            return Start(math.inf)
    return Start(_extrapolated(steps[-2:]), len(steps)) if len(steps) == MOST_WINDOWS else Start(math.inf)


def _by_order(o: Outlook, opening: Opening, first: float, length_s: float) -> float:
    """Seconds after an opening in which the order comes to the job; infinite: not in this one."""
    share = 1 - o.share
    if share <= 0 or first + 1 > opening.credits * share + 1e-9:
        return math.inf
    ahead = first + 1 - opening.idle * share
    if ahead <= 1e-9:
        return 0.0
    down, up = o.pace * share, o.growth
    if not passage(ahead, down, up, length_s) >= 0.5:
        return math.inf
    wait_s = _median_passage(ahead, down, up, length_s)
    return wait_s if (opening.idle + o.pace * wait_s) <= opening.credits + 1 else math.inf


def _by_share(o: Outlook, opening: Opening, last: float, length_s: float) -> float:
    """Seconds after an opening in which the job is the oldest, and a claim goes there; infinite: not in this one."""
    if o.share <= 0:
        return math.inf
    claims = math.ceil((last + 1) / o.share - 1e-9)
    if claims > opening.credits or not o.pace:
        return math.inf
    wait_s = max(0.0, (claims - opening.idle) / o.pace)
    return wait_s if wait_s <= length_s else math.inf


def _is_rising(steps: list[tuple[float, float, float]]) -> bool:
    """Whether no window has made what is left less."""
    return all(after[1] >= before[1] and after[2] >= before[2] for before, after in pairwise(steps))


def _extrapolated(steps: list[tuple[float, float, float]]) -> float:
    """When nothing is left, if all goes on as in the last step."""
    (since_s, first, last), (until_s, first_now, last_now) = steps
    length_s = until_s - since_s
    left = [now / (before - now) for before, now in ((first, first_now), (last, last_now)) if before > now]
    return until_s + min(left) * length_s if left else math.inf


def passage(ahead: float, down: float, up: float, in_s: float) -> float:
    """The probability that a random walk with ``down`` and ``up`` steps a second has come down by ``ahead`` steps: the
    distribution of the inverse Gaussian (Wald), which is that of a Brownian motion with the same drift and variance."""
    drift, variance = down - up, down + up
    if math.isinf(in_s):
        return 1.0 if drift >= 0 else math.exp(2 * drift * ahead / variance)
    if in_s <= 0 or variance <= 0:
        return 0.0
    spread = math.sqrt(variance * in_s)
    exponent = 2 * drift * ahead / variance
    reached = _normal((drift * in_s - ahead) / spread)
    if exponent < 100:
        reached += math.exp(exponent) * _normal(-(drift * in_s + ahead) / spread)
    return reached


def _median_passage(ahead: float, down: float, up: float, at_most_s: float) -> float:
    """The time by which half of such walks have come down by ``ahead`` steps, when it isn't beyond ``at_most_s``."""
    low_s, high_s = 0.0, min(at_most_s, 1.0)
    while passage(ahead, down, up, high_s) < 0.5 and high_s < at_most_s:
        low_s, high_s = high_s, min(2 * high_s, at_most_s)
    for _ in range(40):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (low_s, middle_s) if passage(ahead, down, up, middle_s) >= 0.5 else (middle_s, high_s)
    return high_s


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
