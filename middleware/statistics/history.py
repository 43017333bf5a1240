"""How a queue went over the last hour, in steps of 10 s, from the samples in Redis: a restart keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..commands.layout import INTERVAL_US, Counts, Sample
from .counters import QueueCounters

STEPS = 360
"""An hour."""
STEP_S = INTERVAL_US / 1e6


@dataclass(frozen=True, slots=True)
class Step:
    """10 seconds, from ``at_us`` on: jobs that were accepted, processed and rejected in them; and at their end, how
    many waited and since when (the lowest place; None: none did)."""

    at_us: int
    accepted: int
    processed: int
    rejected: int
    waiting: int
    oldest_place: int | None

    @property
    def oldest_age_us(self) -> int | None:
        """How long the oldest job had waited by the end."""
        return None if self.oldest_place is None else max(0, self.at_us + INTERVAL_US - self.oldest_place)


def history_of(counters: QueueCounters) -> list[Step]:
    """The steps that are over, the oldest first. ``counters`` must hold as many samples, and one more."""
    end_us = counters.now_us // INTERVAL_US * INTERVAL_US
    rising = counters.samples[::-1]
    steps: list[Step] = []
    before, next_sample = _counts(counters, rising, 0), 0
    for at_us in range(end_us - STEPS * INTERVAL_US, end_us, INTERVAL_US):
        # What was counted when an interval began stands in its own sample, or in that of the next one in which
        # something happened.
        if not steps:
            next_sample = _first_from(rising, 0, at_us)
            before = _counts(counters, rising, next_sample)
        next_sample = _first_from(rising, next_sample, at_us + INTERVAL_US)
        after = _counts(counters, rising, next_sample)
        oldest = rising[next_sample - 1].oldest_place if next_sample else None
        steps.append(_step(at_us, before, after, oldest))
        before = after
    return steps


def together(histories: Sequence[Sequence[Step]]) -> list[Step]:
    """Several queues as one. Steps that not all of them have are left out: their clocks are the same server's."""
    if len(histories) == 1:
        return list(histories[0])
    by_time: dict[int, list[Step]] = {}
    for history in histories:
        for step in history:
            by_time.setdefault(step.at_us, []).append(step)
    return [_sum(steps) for _, steps in sorted(by_time.items()) if len(steps) == len(histories)]


def _first_from(rising: Sequence[Sample], index: int, time_us: int) -> int:
    while index < len(rising) and rising[index].at_us < time_us:
        index += 1
    return index


def _counts(counters: QueueCounters, rising: Sequence[Sample], index: int) -> Counts:
    return rising[index].counts if index < len(rising) else counters.together.counts


def _step(at_us: int, before: Counts, after: Counts, oldest_place: int | None) -> Step:
    def gained(name: str) -> int:
        return max(0, after.totals[name] - before.totals[name])

    waiting = max(0, after.states["queued"])
    return Step(
        at_us=at_us,
        accepted=gained("accepted"),
        processed=gained("ended_processed"),
        rejected=gained("ended_rejected"),
        waiting=waiting,
        oldest_place=oldest_place if waiting else None,
    )


def _sum(steps: Sequence[Step]) -> Step:
    places = [step.oldest_place for step in steps if step.oldest_place is not None]
    return Step(
        at_us=steps[0].at_us,
        accepted=sum(step.accepted for step in steps),
        processed=sum(step.processed for step in steps),
        rejected=sum(step.rejected for step in steps),
        waiting=sum(step.waiting for step in steps),
        oldest_place=min(places, default=None),
    )
