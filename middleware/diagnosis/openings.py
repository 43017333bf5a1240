"""When a queue's jobs may be claimed from now on, as its cadence plans it, and how much its threads can do then."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..jobs import JobStatus
from .circumstances import Circumstances
from .forecast import FAST, Opening

LONGEST_LOOK_S = 3600.0
DAY_US = 86_400_000_000


def pace_of(c: Circumstances) -> float | None:
    """How many jobs a second the queue's threads can start while jobs may be claimed; None: nobody knows.

    What a continuous queue did while jobs waited is the best measure. Where windows are closed now and then it isn't:
    there it is the threads by the time that an attempt takes.
    """
    if c.queue.mode == "continuous" and c.flow.busy_starts:
        return c.flow.busy_starts
    if c.flow.run_s is None:
        return c.flow.starts or None
    return min(FAST, threads_of(c) / c.flow.run_s) if c.flow.run_s else FAST


def threads_of(c: Circumstances) -> int:
    """The threads that may take jobs of this queue: none that are lost, or that run jobs of others; and no more than
    may run at once."""
    elsewhere = sum(job.queue != c.job.queue for worker in c.workers for job in worker.running)
    threads = max(0, sum(worker.threads.total - worker.threads.lost for worker in c.workers) - elsewhere)
    return min(threads, c.policy.max_running) if c.policy and c.policy.max_running else threads


def idle_threads(c: Circumstances) -> int:
    """Those that have nothing to do now, and may take a job."""
    idle = sum(worker.threads.idle for worker in c.workers)
    if c.policy and c.policy.max_running:
        return min(idle, max(0, c.policy.max_running - c.queue.counts[JobStatus.RUNNING]))
    return idle


def openings_of(c: Circumstances, pace: float, after_s: float = 0.0) -> Iterator[Opening]:
    """The spans in which jobs may be claimed, those that end after ``after_s`` seconds; without end where the cadence
    goes on."""
    if c.queue.mode == "continuous":
        yield Opening(0.0, math.inf, math.inf, idle_threads(c))
        return
    threads, run_s = threads_of(c), c.flow.run_s or 0.0
    busy, since_s = threads - idle_threads(c), 0.0
    for from_s, until_s, credits in _planned(c, after_s):
        done = 1 - math.exp(-max(0.0, from_s - since_s) / run_s) if run_s else 1.0
        idle = threads - round(busy * (1 - done)) if from_s else idle_threads(c)
        yield Opening(from_s, until_s, credits, idle)
        # All threads are busy until its end, unless its credits are used up before.
        busy, since_s = threads, min(until_s, from_s + max(0.0, credits - idle) / pace if pace else until_s)


def _planned(c: Circumstances, after_s: float) -> Iterator[tuple[float, float, float]]:
    """Beginning and end in seconds from now, and credits, of the open window and of those that are planned."""
    policy, window = c.policy, c.queue.window
    ticks_s = _ticks(c, after_s)
    tick_s = next(ticks_s, math.inf)
    if window is not None and window.is_open:
        closes_s = math.inf if window.closes_at_us is None else (window.closes_at_us - c.now_us) / 1e6
        left = math.inf if window.credits is None else float(window.credits - window.claimed)
        yield 0.0, min(closes_s, tick_s if after_s < tick_s else math.inf), left
    if policy is None:
        return
    lasts_s = policy.lasts_us / 1e6 or math.inf
    credits = float(policy.batch) or math.inf
    while tick_s < math.inf:
        next_s = next(ticks_s, math.inf)
        yield tick_s, min(tick_s + lasts_s, next_s), credits
        tick_s = next_s


def _ticks(c: Circumstances, after_s: float) -> Iterator[float]:
    """The ticks that come, in seconds from now: those that are known, and then such as they are on average, those
    before ``after_s`` left out."""
    next_us = c.queue.next_window_at_us
    if next_us is None or c.policy is None:
        return
    known_us = [next_us, *(tick_us for tick_us in c.queue.later_ticks_us if tick_us > next_us)]
    for tick_us in known_us[:-1]:
        yield max(0.0, (tick_us - c.now_us) / 1e6)
    step_us = c.policy.period_us or _mean_step_us(known_us, c.queue.last_opened_us)
    tick_us = known_us[-1] + max(0, (c.now_us + int(after_s * 1e6) - known_us[-1]) // step_us) * step_us
    while True:
        yield max(0.0, (tick_us - c.now_us) / 1e6)
        tick_us += step_us


def _mean_step_us(known_us: list[int], last_opened_us: int | None) -> int:
    """From tick to tick. Where a scheduler has only begun, one alone is known."""
    if len(known_us) > 1:
        return (known_us[-1] - known_us[0]) // (len(known_us) - 1)
    return max(1_000_000, known_us[0] - last_opened_us) if last_opened_us else DAY_US


def waiting_at(time_s: float, openings: Iterator[Opening], *, waiting: float, arrivals: float, pace: float) -> float:
    """How many jobs wait then. What is more than an hour ahead is as in an hour."""
    since_s, until_s = 0.0, min(time_s, LONGEST_LOOK_S)
    for opening in openings:
        if opening.from_s >= until_s:
            break
        length_s = min(opening.until_s, until_s) - opening.from_s
        waiting += arrivals * (opening.from_s + length_s - since_s)
        waiting = max(0.0, waiting - min(opening.credits, opening.idle + pace * length_s))
        since_s = opening.from_s + length_s
    return waiting + arrivals * (until_s - since_s)


def waits(c: Circumstances) -> int:
    """How many jobs of the queue wait now."""
    return c.queue.counts[JobStatus.QUEUED]
