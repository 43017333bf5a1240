"""When will a waiting job start, if the queue goes on as in the last minutes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..jobs import JobStatus
from .circumstances import Circumstances, Flow


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

    In LIFO order the jobs above shrink only by what starts beyond what arrives (a stack is a queue whose newest go
    first: it drains at what starts less what arrives). In FIFO order arrivals don't matter.
    """
    if c.job.status not in (JobStatus.QUEUED, JobStatus.SCHEDULED):
        return None
    order = c.queue.order_now
    before = c.above if order == "lifo" else c.below
    if (obstacle := _obstacle(c)) is not None:
        return Estimate(None, obstacle, before, c.flow)
    at_least_s, until = _not_before(c)
    in_s, because = _by_rates(c, before)
    if in_s is None:
        return Estimate(None, because, before, c.flow)
    if at_least_s > in_s:
        return Estimate(at_least_s, until, before, c.flow)
    return Estimate(in_s, because, before, c.flow)


def _obstacle(c: Circumstances) -> str | None:
    if c.policy is None and c.is_gated:
        return "It starts when a scheduler has put a policy in force, and nobody knows when that will be."
    if c.queue.pause is not None:
        return "It starts when somebody resumes the queue, and nobody knows when that will be."
    if not c.workers:
        return "It starts when a worker comes, and nobody knows when that will be."
    if _waits_for_window(c) and c.queue.next_window_at_us is None:
        return "It starts when a window opens, and none is planned."
    return None


def _waits_for_window(c: Circumstances) -> bool:
    window = c.queue.window
    return c.policy is not None and c.queue.mode == "windows" and (window is None or not window.is_open)


def _not_before(c: Circumstances) -> tuple[float, str]:
    """Seconds before which it can't start, and why not."""
    due_s = 0.0
    if c.job.status is JobStatus.SCHEDULED and c.job.due_at_us is not None:
        due_s = max(0.0, (c.job.due_at_us - c.now_us) / 1e6)
    window_s = 0.0
    if _waits_for_window(c) and c.queue.next_window_at_us is not None:
        window_s = max(0.0, (c.queue.next_window_at_us - c.now_us) / 1e6)
    return max((due_s, "It isn't due before then."), (window_s, "The next window opens then."))


def _by_rates(c: Circumstances, before: int) -> tuple[float | None, str]:
    starts, arrivals = c.flow.starts, c.flow.arrivals
    rates = f"{_rate(arrivals)} jobs a second arrive and {_rate(starts)} start"
    idle = sum(worker.threads.idle for worker in c.workers)
    if before < idle and c.queue.gate == "open":
        return 0.0, f"{idle} threads are idle: it starts at once."
    if before == 0:
        return (1 / starts if starts else 0.0), f"It is next, unless a newer one comes first; {rates}."
    if starts == 0:
        return None, f"{before} go first, and none has started in the last {c.flow.over_s / 60:.0f} minutes."
    if c.queue.order_now == "fifo":
        return (before + 1) / starts, f"{before} older jobs go first, and {_rate(starts)} a second start."
    found: list[tuple[float, str]] = []
    if starts > arrivals:
        found.append(((before + 1) / (starts - arrivals), f"{before} newer jobs go first; {rates}."))
    share = c.policy.oldest_share_ppm / 1e6 if c.policy else 0.0
    if share:
        because = f"{share:.1%} of the claims go to the oldest, and {c.below} jobs are older; {rates}."
        found.append(((c.below + 1) / (starts * share), because))
    if not found:
        return None, f"It may never start at this rate: {rates}, and newer ones go first."
    return min(found)


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 0.1 or rate == 0 else f"{rate:.2g}"
