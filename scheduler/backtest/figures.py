"""What is measured in a simulation."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from .arrivals import Arrivals
from .run_times import percentile
from .steps import Rest, Step

PERCENTS = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cadence made of the arrivals. Times in µs; None where there is nothing to measure.

    ``waits_us``: by :data:`PERCENTS`, of the jobs that started. ``longest_wait_us``: of those that started and those
    left waiting. ``freshness_us``: how old the newest processed job was, on average over the time, and
    ``stalest_us`` at the worst, counted from when it was generated, or arrived where nobody said; from the first
    processed job until the last arrival. ``busy``: the share of all
    threads' time in which they ran jobs, from the first arrival until ``ended_at_us``, when the last job that started
    ended, but not before the last arrival.
    """

    arrivals: int
    started: int
    expired: int
    superseded: int
    left_waiting: int
    waits_us: dict[int, int | None]
    longest_wait_us: int | None
    freshness_us: float | None
    stalest_us: int | None
    busy: float
    ended_at_us: int


class Waits:
    """How long the jobs that started had waited: 8 bytes each, so that percentiles are exact."""

    def __init__(self) -> None:
        self._waits_us = array("q")

    def __len__(self) -> int:
        return len(self._waits_us)

    def add(self, wait_us: int) -> None:
        self._waits_us.append(wait_us)

    def percentiles(self) -> dict[int, int | None]:
        """Of each of :data:`PERCENTS`, and of 100."""
        ascending = sorted(self._waits_us)
        return {percent: percentile(ascending, percent) if ascending else None for percent in (*PERCENTS, 100)}


class Freshness:
    """The age of the newest processed job: it grows with the time, and falls when a newer job has been processed. It
    is measured until ``end_us``, the last arrival, since after that there is nothing newer to be had."""

    def __init__(self, end_us: int) -> None:
        self._end_us = end_us
        self._newest_us: int | None = None
        self._began_us = self._looked_us = 0
        self._doubled_area = 0
        self.stalest_us: int | None = None

    def processed(self, arrived_us: int, now_us: int) -> None:
        """A job that arrived at one time was processed at another; they are told in the order of the latter."""
        if now_us > self._end_us:
            return
        if self._newest_us is None:
            self._began_us = self._looked_us = now_us
            self._newest_us = arrived_us
        elif arrived_us > self._newest_us:
            self._look(now_us, self._newest_us)
            self._newest_us = arrived_us

    def mean(self) -> float | None:
        """The average over the time since the first job was processed; to be asked last."""
        if self._newest_us is None or self._began_us == self._end_us:
            return None
        self._look(self._end_us, self._newest_us)
        return self._doubled_area / (2 * (self._end_us - self._began_us))

    def _look(self, now_us: int, newest_us: int) -> None:
        before_us, after_us = self._looked_us - newest_us, now_us - newest_us
        self._doubled_area += (before_us + after_us) * (now_us - self._looked_us)  # under a line that rises
        self.stalest_us = max(self.stalest_us or 0, after_us)
        self._looked_us = now_us


class Measurement:
    """Takes the steps of a simulation, and gives its figures."""

    def __init__(self, arrivals: Arrivals, threads: int) -> None:
        self._at_us = arrivals.at_us
        self._born_us = arrivals.born_us
        self._threads = threads
        self._waits = Waits()
        self._freshness = Freshness(arrivals.at_us[-1])
        self._run_us = 0
        self._ended_at_us = arrivals.at_us[-1]

    def note(self, step: Step) -> None:
        """What happened next."""
        for start in step.started:
            self._waits.add(start.waited_us)
            self._run_us += start.run_us
            self._ended_at_us = max(self._ended_at_us, step.now_us + start.run_us)
        for index in step.processed:
            self._freshness.processed(self._born_us(index), step.now_us)

    def figures(self, rest: Rest, now_us: int) -> Figures:
        """``rest``: what is left at the end of the simulation, ``now_us``."""
        percentiles = self._waits.percentiles()
        longest = [percentiles.pop(100), None if rest.oldest_us is None else now_us - rest.oldest_us]
        mean_us = self._freshness.mean()
        capacity_us = self._threads * (self._ended_at_us - self._at_us[0])
        return Figures(
            arrivals=len(self._at_us),
            started=len(self._waits),
            expired=rest.expired,
            superseded=rest.superseded,
            left_waiting=rest.waiting,
            waits_us=percentiles,
            longest_wait_us=max((wait_us for wait_us in longest if wait_us is not None), default=None),
            freshness_us=mean_us,
            stalest_us=None if mean_us is None else self._freshness.stalest_us,
            busy=self._run_us / capacity_us if capacity_us else 0.0,
            ended_at_us=self._ended_at_us,
        )
