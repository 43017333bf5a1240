"""When will a waiting job start, if the queue goes on as in the last minutes, and windows open as planned?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..jobs import JobStatus
from ..words import duration
from .circumstances import Circumstances, Flow
from .forecast import Opening, Outlook, Start, start_of
from .openings import idle_threads, openings_of, pace_of, waiting_at, waits

ENOUGH_EVIDENCE_S = 180.0
"""Over so many seconds at least rates must have been measured to say that a job may never start."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """In how many seconds a job starts; None: it isn't known, or never. ``because`` says why, with the rates."""

    starts_in_s: float | None
    because: str
    before: int
    flow: Flow

    def as_dict(self) -> dict[str, Any]:
        return {
            "starts_in_s": None if self.starts_in_s is None else round(self.starts_in_s, 1),
            "because": self.because,
            "data": {
                "before": self.before,
                "arrivals_per_s": round(self.flow.arrivals, 3),
                "starts_per_s": round(self.flow.starts, 3),
                "over_s": round(self.flow.over_s, 1),
            },
        }


def estimate_of(c: Circumstances) -> Estimate | None:
    """The estimate for a job that waits; None for one that runs or has ended.

    It is the median: in this position, half of the jobs start before. It goes through the planned windows, with
    their credits. In LIFO order, what arrives meanwhile goes first; in FIFO order it doesn't matter.
    """
    if c.job.status not in (JobStatus.QUEUED, JobStatus.SCHEDULED):
        return None
    before = c.above if c.queue.order_now == "lifo" else c.below
    return _within_deadline(c, _undisturbed(c, before))


def _within_deadline(c: Circumstances, estimate: Estimate) -> Estimate:
    """What would start after its deadline doesn't start."""
    left_s = math.inf if c.job.expires_at_us is None else (c.job.expires_at_us - c.now_us) / 1e6
    if estimate.starts_in_s is None or estimate.starts_in_s < left_s:
        return estimate
    starts = duration(estimate.starts_in_s * 1e6)
    because = f"It expires before: it would start in about {starts}. {estimate.because}"
    return replace(estimate, starts_in_s=None, because=because)


def _undisturbed(c: Circumstances, before: int) -> Estimate:
    """As if there were no deadlines."""
    if (obstacle := _obstacle(c)) is not None:
        return Estimate(None, obstacle, before, c.flow)
    pace = pace_of(c)
    start = _start(c, before, pace or 0.0)
    if pace is None and (start.windows or math.isinf(start.in_s)):
        none = f"none has started in the last {c.flow.over_s / 60:.0f} minutes"
        return Estimate(None, f"{before} go first, and {none}.", before, c.flow)
    return Estimate(None if math.isinf(start.in_s) else start.in_s, _because(c, before, start), before, c.flow)


def _start(c: Circumstances, before: int, pace: float) -> Start:
    joins_s = _joins_s(c)
    arrivals, is_lifo = c.flow.steady_arrivals, c.queue.order_now == "lifo"
    share = c.policy.oldest_share_ppm / 1e6 if c.policy and is_lifo else 0.0
    first, last = float(before), float(c.below)
    openings: Iterable[Opening] = openings_of(c, pace, joins_s)
    if joins_s:
        waiting = waiting_at(joins_s, openings_of(c, pace), waiting=waits(c), arrivals=arrivals, pace=pace)
        if not is_lifo or c.job.attempts:  # all that wait by then, but what is on top of a retry's own place
            first = waiting if not is_lifo else min(waiting, before + arrivals * joins_s)
        last = waiting - (first if is_lifo else 0)
        if c.policy and c.policy.close_when_empty:
            openings = (each for each in openings if waiting >= 1 or each.from_s >= joins_s)
    growth = arrivals if is_lifo else 0.0
    return start_of(Outlook(first=first, last=last, share=share, growth=growth, pace=pace, joins_s=joins_s), openings)


def _joins_s(c: Circumstances) -> float:
    """In how many seconds the job comes on the stack; 0: it is there."""
    if c.job.status is JobStatus.QUEUED or c.job.due_at_us is None:
        return 0.0
    return max(0.0, (c.job.due_at_us - c.now_us) / 1e6)


def _obstacle(c: Circumstances) -> str | None:
    if c.policy is None and c.is_gated:
        return "It starts when a scheduler has put a policy in force, and nobody knows when that will be."
    if c.queue.pause is not None:
        return "It starts when somebody resumes the queue, and nobody knows when that will be."
    if not c.workers:
        return "It starts when a worker comes, and nobody knows when that will be."
    if _waits_for_window(c) and c.queue.next_window_at_us is None:
        return "It starts when a window opens, and none is planned."
    if c.queue.groups is not None:
        return "It starts when its group's turn has come to it, and that depends on what other groups send and run."
    return None


def _waits_for_window(c: Circumstances) -> bool:
    window = c.queue.window
    return c.policy is not None and c.queue.mode == "windows" and (window is None or not window.is_open)


def _because(c: Circumstances, before: int, start: Start) -> str:
    flow, is_lifo = c.flow, c.queue.order_now == "lifo"
    rates = f"{_rate(flow.arrivals)} jobs a second arrive and {_rate(flow.starts)} start"
    if math.isinf(start.in_s):
        if not is_lifo:
            return f"{before} older jobs go first, and no window that is planned lets it through."
        if flow.over_s < ENOUGH_EVIDENCE_S:
            return f"It isn't known yet: in the {flow.over_s:.0f} s so far {rates}, and newer ones go first."
        return f"It may never start at this rate: {rates}, and newer ones go first."
    if start.in_s == 0:
        return f"{idle_threads(c)} threads are idle: it starts at once."
    if start.in_s <= _joins_s(c):
        return "It isn't due before then."
    if start.at_opening and not start.windows:
        return "The next window opens then."
    when = f", and its turn comes in window {start.windows + 1} from now" if start.windows else ""
    if start.by_share and c.policy:
        share = f"{c.policy.oldest_share_ppm / 1e6:.1%}"
        return f"{share} of the claims go to the oldest, and {c.below} jobs are older; {rates}{when}."
    if not before and is_lifo:
        return f"It is next, unless a newer one comes first; {rates}{when}."
    if is_lifo:
        return f"{before} newer jobs go first; {rates}{when}."
    return f"{before} older jobs go first, and {_rate(flow.starts)} a second start{when}."


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 0.1 or rate == 0 else f"{rate:.2g}"
