"""What the scripts have counted of a queue, as it is read: the tallies of its tasks, and how they were before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgpack

from ..commands.layout import BUCKETS, MINUTE_US, SAMPLE_FIELDS, SLOT_US, STATE_FIELDS, TALLY_FIELDS, TOTAL_FIELDS
from ..commands.queue_commands import QueueCommands
from .histograms import Histogram, histogram

STATES = len(STATE_FIELDS)
COUNTS = STATES + len(TOTAL_FIELDS)
WAIT, RUN = TALLY_FIELDS.index("wait_sum"), TALLY_FIELDS.index("run_sum")


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs in each state, and totals since the queue was made, by the names in ``tallying``."""

    states: dict[str, int]
    totals: dict[str, int]

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            {name: value + other.states[name] for name, value in self.states.items()},
            {name: value + other.totals[name] for name, value in self.totals.items()},
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of one task of a queue."""

    counts: Counts
    wait: Histogram
    run: Histogram

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.counts + other.counts, self.wait + other.wait, self.run + other.run)


@dataclass(frozen=True, slots=True)
class Sample:
    """A queue's counts when a slot of 10 s began, and the place of the oldest waiting job (None: none waited). Times in
    µs since the epoch."""

    at_us: int
    counts: Counts
    oldest_place: int | None


@dataclass(frozen=True)
class QueueTallies:
    """One queue at one moment. ``samples`` and ``minutes`` (when a minute began, and the tallies then) are the newest
    first; where nothing happened there is none, and the next one tells what it would."""

    queue: str
    now_us: int
    oldest_place: int | None
    tasks: dict[str, Tally]
    samples: list[Sample]
    minutes: list[tuple[int, dict[str, Tally]]]

    @cached_property
    def together(self) -> Tally:
        """All tasks."""
        return added(self.tasks.values())

    def counts_at(self, time_us: int) -> tuple[int, Counts]:
        """When the slot that holds this time began, and the counts then."""
        began = time_us // SLOT_US * SLOT_US
        later = [sample for sample in self.samples if sample.at_us >= began]
        return began, later[-1].counts if later else self.together.counts

    def tasks_at(self, time_us: int) -> tuple[int, dict[str, Tally]]:
        """When the minute that holds this time began, and the tallies then."""
        began = time_us // MINUTE_US * MINUTE_US
        later = [tallies for at_us, tallies in self.minutes if at_us >= began]
        return began, later[-1] if later else self.tasks


def read_tallies(scripts: QueueCommands, *, samples: int = 0, minutes: int = 0) -> QueueTallies:
    """What is counted of a queue, with so many of the newest samples and minutes.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    now_us, oldest, tallies, packed_samples, packed_minutes = scripts.tallies(samples, minutes)
    return QueueTallies(
        queue=scripts.queue,
        now_us=now_us,
        oldest_place=oldest or None,
        tasks=tallies_from(tallies),
        samples=[_sample(packed) for packed in packed_samples],
        minutes=[_minute(packed) for packed in packed_minutes],
    )


def added(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    total = NOTHING
    for tally in tallies:
        total += tally
    return total


def tallies_from(flat: Sequence[bytes]) -> dict[str, Tally]:
    """Tallies by task, from tasks and packed tallies in turn."""
    return {flat[i].decode(): _tally(flat[i + 1]) for i in range(0, len(flat), 2)}


def _tally(packed: bytes) -> Tally:
    numbers = msgpack.unpackb(packed)
    wait, run = numbers[WAIT : WAIT + BUCKETS + 1], numbers[RUN : RUN + BUCKETS + 1]
    return Tally(_counts(numbers), histogram(wait), histogram(run))


def _counts(numbers: Sequence[int]) -> Counts:
    return Counts(
        dict(zip(STATE_FIELDS, numbers[:STATES], strict=True)),
        dict(zip(TOTAL_FIELDS, numbers[STATES:COUNTS], strict=True)),
    )


def _sample(packed: bytes) -> Sample:
    numbers: dict[str, Any] = dict(zip(SAMPLE_FIELDS, msgpack.unpackb(packed), strict=True))
    counts = Counts({name: numbers[name] for name in STATE_FIELDS}, {name: numbers[name] for name in TOTAL_FIELDS})
    return Sample(numbers["slot"] * SLOT_US, counts, numbers["oldest"] or None)


def _minute(packed: bytes) -> tuple[int, dict[str, Tally]]:
    minute, flat = msgpack.unpackb(packed, raw=True)
    return minute * MINUTE_US, tallies_from(flat)


NOTHING = _tally(msgpack.packb([0] * len(TALLY_FIELDS)))
"""A task of which nothing has happened."""
