"""The layout of everything that is packed in Redis: records, windows, counters of tasks, samples, registrations.

Scripts have the fields under names such as ``R.SEQ`` (``build.py``); Python reads them through the functions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from ..jobs import JobStatus
from ..tags import DIGEST_LENGTH

STATUS_LETTERS = {
    "s": JobStatus.SCHEDULED,
    "q": JobStatus.QUEUED,
    "r": JobStatus.RUNNING,
    "p": JobStatus.PROCESSED,
    "x": JobStatus.REJECTED,
    "c": JobStatus.CANCELLED,
    "e": JobStatus.EXPIRED,
    "u": JobStatus.SUPERSEDED,
}
"""How records spell a status; scripts have the letters under names such as ``S.QUEUED``."""


class Record(NamedTuple):
    """A job's record. Times in µs since the epoch; None for what isn't set.

    ``status``: its letter; ``place``: None when it equals seq, 0 before the job falls due and has one. ``lost``:
    leases lost in a row; ``settled``: the number of the delivery that was settled last; ``entered``: when it last came
    on the stack (None: at its acceptance; 0: never yet); ``cancel``: why a running job was asked to
    stop; ``size``: bytes of its message; ``tags``: the digests of its tags (``tags.py``);
    ``expires``: its deadline; ``subject``: the digest of its subject; ``superseded_by``: the id of a newer job;
    ``since``: since when jobs of its subject have waited of which none was claimed (None: since its acceptance);
    ``behind``: whether an older one keeps its turn; ``group``: the digest of its group; ``generated``: where the policy
    ordered by generation, its place by that, which also tells the ages of its subject's jobs; ``generated_at``: when it
    was generated, as it was said.
    """

    status: str
    seq: int
    place: int | None
    task: str
    attempts: int
    lost: int | None
    settled: int | None
    due: int | None
    entered: int | None
    started: int | None
    finished: int | None
    window: int | None
    worker: str | None
    reason: str | None
    cancel: str | None
    size: int | None = None
    tags: str | None = None
    expires: int | None = None
    subject: str | None = None
    superseded_by: str | None = None
    since: int | None = None
    behind: bool | None = None
    group: str | None = None
    generated: int | None = None
    generated_at: int | None = None

    @property
    def age(self) -> int:
        """What tells which of two jobs of a subject is newer (``lua/parts/age_of.lua``)."""
        return self.generated or self.seq


class WindowRecord(NamedTuple):
    """A window's record. Times in µs since the epoch, but ``tick`` in ms; None for what isn't set. ``share``, of the
    oldest waiting jobs, in ppm; ``lifo_above`` and ``lifo_below``, of the adaptive order, in µs. ``opener``,
    ``closer``: who did so by hand."""

    opened_by: str
    tick: int | None
    opened_at: int
    closes_at: int | None
    closed_at: int | None
    close_reason: str | None
    close_when_empty: bool | None
    order: str
    share: int
    credits: int | None
    claimed: int
    running: int
    processed: int
    retried: int
    rejected: int
    cancelled: int
    put_back: int
    first_claim: int | None
    last_claim: int | None
    oldest_wait: int | None
    left_waiting: int | None
    lifo_above: int
    lifo_below: int
    opener: str | None = None
    closer: str | None = None


class RecurringRecord(NamedTuple):
    """What is known of a recurring job. Times in µs since the epoch, but ticks in ms; None for what isn't set.

    ``definition``: as the cadence has it, JSON; None: none has it any more, since ``dropped_at``. ``timetable``: when
    its ticks are, in words, and ``since`` when. ``last_tick``: the last one that was decided; ``last_job``,
    ``last_job_tick``: the last job, and its tick. ``paused_at``, ``paused_by``, ``pause_reason``: as long as it is
    paused."""

    definition: str | None
    timetable: str
    since: int
    last_tick: int | None
    last_job: str | None
    last_job_tick: int | None
    paused_at: int | None
    paused_by: str | None
    pause_reason: str | None
    dropped_at: int | None


RECORD_FIELDS, WINDOW_FIELDS, RECURRING_FIELDS = Record._fields, WindowRecord._fields, RecurringRecord._fields
"""All are MessagePack arrays in which a field that isn't set holds false, and the last ones may be lacking."""

REFUSED = b"!"
"""Begins what is kept instead of a result that can't be: the reason follows."""

ENCODED = b"="
"""Begins a result that isn't JSON, as the program's own encoder has written it."""

NO_GROUP = "-" * DIGEST_LENGTH
"""Stands for the group of the jobs that have none."""

OTHER_HALF = 2**52
"""Added to the places of the groups that have, or haven't, had their turn (``keys.group_tops``): beyond any place."""

MOST_TURNS = 10_000
"""After so many turns a round is ended, within seconds, although some groups may not have had theirs."""

INTERVAL_US = 10_000_000
MINUTE_US = 60_000_000
OVERDUE_US = 5_000_000
"""Where a tick passed so long ago and nobody decided it, no scheduler is at work: then no ticks are planned."""

_S, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000
BOUNDS_US = (
    *(200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
    *(1 * _S, 2 * _S, 5 * _S, 10 * _S, 20 * _S, 1 * _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE),
    *(1 * _HOUR, 2 * _HOUR, 6 * _HOUR, 24 * _HOUR),
)
"""The upper bounds of the histograms' buckets, each included, in µs; one more bucket takes what is above."""

BUCKETS = len(BOUNDS_US) + 1

FRESH_BOUNDS_US = tuple(us for us in BOUNDS_US if us >= 100_000)
"""Ages for which it is counted how many subjects are as fresh, in µs."""

STATE_FIELDS = tuple(status.value for status in STATUS_LETTERS.values())
TOTAL_FIELDS = (
    "accepted",
    "claimed",
    "retried",
    "put_back",
    "ended_processed",
    "ended_rejected",
    "ended_cancelled",
    "ended_expired",
    "ended_superseded",
)
TASK_COUNTER_FIELDS = (
    *STATE_FIELDS,
    *TOTAL_FIELDS,
    "wait_sum",
    *(f"wait_{bucket}" for bucket in range(1, BUCKETS + 1)),
    "run_sum",
    *(f"run_{bucket}" for bucket in range(1, BUCKETS + 1)),
)
"""A task's counters, a MessagePack array: how many of its jobs are in each state now; totals since the queue was made
(``ended_…`` counts an operator's retry and another end twice); and two histograms: the sum of all times in µs, then how
many fell into each bucket. ``wait``: from entering the stack to the claim; ``run``: from there to the end of an attempt
that its worker settled as processed, to be retried, rejected or cancelled."""

OTHER_TASKS = "(other)"
"""The tasks beyond those that are counted by themselves."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs in each state, and totals since the queue was made, by name."""

    states: dict[str, int]
    totals: dict[str, int]

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            {name: value + other.states[name] for name, value in self.states.items()},
            {name: value + other.totals[name] for name, value in self.totals.items()},
        )


class TaskCounters(NamedTuple):
    """A task's counters; of each histogram the sum in µs, then the buckets."""

    counts: Counts
    wait: Sequence[int]
    run: Sequence[int]


class Sample(NamedTuple):
    """A queue's counts when an interval of 10 s began (µs since the epoch), and the place of the job that was the
    oldest waiting one after the first call in it (None: none waited). A MessagePack array: the interval's number, the
    counts of all tasks together in the order of STATE_FIELDS and TOTAL_FIELDS, and that place, or 0."""

    at_us: int
    counts: Counts
    oldest_place: int | None


class RegistrationRecord(NamedTuple):
    """A process in the registry: when it started and was last seen (µs since the epoch), and what it is, as JSON."""

    started: int
    seen: int
    details: bytes


def unpack_record(packed: bytes) -> Record:
    """A job's record."""
    return Record(*_set(packed))


def unpack_window(packed: bytes) -> WindowRecord:
    """A window's record."""
    return WindowRecord(*_set(packed))


def unpack_recurring(packed: bytes) -> RecurringRecord:
    """A recurring job's record."""
    return RecurringRecord(*_set(packed))


def unpack_task_counters(packed: bytes) -> TaskCounters:
    """A task's counters."""
    counts: list[int] = msgpack.unpackb(packed)
    return TaskCounters(_counts(counts), counts[_WAIT : _WAIT + BUCKETS + 1], counts[_RUN : _RUN + BUCKETS + 1])


def unpack_sample(packed: bytes) -> Sample:
    """A sample."""
    interval, *counts, oldest = msgpack.unpackb(packed)
    return Sample(interval * INTERVAL_US, _counts(counts), oldest or None)


def unpack_minute(packed: bytes) -> tuple[int, list[bytes]]:
    """When a minute began (µs since the epoch); tasks and packed counters in turn, as they were then."""
    minute, flat = msgpack.unpackb(packed, raw=True)
    return minute * MINUTE_US, flat


def unpack_registration(packed: bytes) -> RegistrationRecord:
    """A process in the registry."""
    return RegistrationRecord(*msgpack.unpackb(packed))


def _set(packed: bytes) -> list[Any]:
    return [None if value is False else value for value in msgpack.unpackb(packed)]


def _counts(counts: Sequence[int]) -> Counts:
    states = dict(zip(STATE_FIELDS, counts, strict=False))
    return Counts(states, dict(zip(TOTAL_FIELDS, counts[len(STATE_FIELDS) :], strict=False)))


_WAIT, _RUN = TASK_COUNTER_FIELDS.index("wait_sum"), TASK_COUNTER_FIELDS.index("run_sum")
NO_COUNTERS: Any = msgpack.packb([0] * len(TASK_COUNTER_FIELDS))
"""The packed counters of a task of which nothing has happened."""
