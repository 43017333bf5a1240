"""All that bears on when and whether a job runs, read at about one moment."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ..broker import LifoBroker
from ..commands import keys
from ..commands.client import RedisClient
from ..commands.layout import INTERVAL_US, MINUTE_US, NO_GROUP, Record, unpack_record
from ..jobs import Job, JobStatus
from ..messages import time_limit_s
from ..processes.registry import LiveProcess
from ..queues.policy import Policy
from ..queues.snapshot import QueueSnapshot
from ..statistics.counters import QueueCounters, added, read_counters
from ..tags import entry

RATES_SPAN_US = 300_000_000
FEWEST_BUSY_S = 20.0


@dataclass(frozen=True, slots=True)
class Flow:
    """How many jobs a second came to a queue and were started, over the last ``over_s`` seconds.

    ``steady_arrivals``: without the 10 s in which most came, so that a burst that is over isn't expected to go on.
    ``busy_starts``: how many were started a second while others waited all the time; None: that was too short a time.
    ``run_s``: how long an attempt ran, on average; None: none has ended."""

    arrivals: float
    starts: float
    over_s: float
    steady_arrivals: float
    busy_starts: float | None
    run_s: float | None


@dataclass(frozen=True, slots=True)
class PlaceInGroup:
    """Where a waiting job lies among those of its group, where claims go by groups. ``above`` and ``below``: jobs of
    its group with a higher and a lower place. ``running``: jobs of its group. ``is_full``: as many of them run as may.
    ``had_turn``: its group has had its turn in this round."""

    above: int
    below: int
    running: int
    is_full: bool
    had_turn: bool


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A job and what is around it. Times in µs of the Redis server.

    ``above`` and ``below``: how many waiting jobs have a higher and a lower place. ``lost``: leases lost in a row.
    ``cancel_reason``: why it was asked to stop. ``time_limit_s``: for how long its task may run; infinite: for ever.
    ``group``: where it stands in its group; None: claims don't go by groups, or it isn't on the stack.
    """

    now_us: int
    job: Job
    above: int
    below: int
    lost: int
    cancel_reason: str | None
    lease_ends_us: int | None
    time_limit_s: float
    queue: QueueSnapshot
    is_gated: bool
    processes: list[LiveProcess]
    flow: Flow
    group: PlaceInGroup | None

    @property
    def policy(self) -> Policy | None:
        """The queue's policy; None as long as none is in force."""
        return self.queue.policy

    @property
    def workers(self) -> list[LiveProcess]:
        """The live workers that consume the job's queue."""
        return [m for m in self.processes if m.kind == "worker" and self.job.queue in m.queues]


def circumstances_of(id: str, broker: LifoBroker) -> Circumstances | None:
    """Those of the job with this id; None when there is none.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    job = broker.store.get(id)
    snapshot = None if job is None else broker.control.snapshot(job.queue)
    if job is None or snapshot is None:
        return None
    counters = recent_counters(job.queue, broker)
    packed, from_top, from_bottom, over_it, lease = broker.redis.call_all(_reads(job))
    record = unpack_record(packed) if packed else None
    goes_by_groups = snapshot.groups is not None and job.status is JobStatus.QUEUED
    waiting = snapshot.counts[JobStatus.QUEUED]
    above = over_it if from_top is None else from_top
    return Circumstances(
        now_us=counters.now_us,
        job=job,
        above=above,
        below=max(0, waiting - above) if from_bottom is None else from_bottom,
        lost=(record.lost or 0) if record else 0,
        cancel_reason=record.cancel if record else None,
        lease_ends_us=None if lease is None else int(float(lease)),
        time_limit_s=time_limit_s(job.task, {}, broker),
        queue=snapshot,
        is_gated=broker.is_gated,
        processes=broker.registry.processes(),
        flow=flow_of(counters),
        group=_place_in_group(job.queue, id, record, broker.redis) if goes_by_groups and record else None,
    )


def _place_in_group(queue: str, id: str, record: Record, redis: RedisClient) -> PlaceInGroup:
    group, grouped = record.group or NO_GROUP, keys.grouped(queue)
    low, high = b"[" + group.encode(), b"(" + group.encode() + b"\xff"
    own = entry(group, record.place or record.seq, id)
    above, below, running, full, had_turn = redis.call_all(
        [
            ("ZLEXCOUNT", grouped, b"(" + own, high),
            ("ZLEXCOUNT", grouped, low, b"(" + own),
            ("ZLEXCOUNT", keys.running_grouped(queue), low, high),
            ("ZSCORE", keys.full_groups(queue), group),
            ("SISMEMBER", keys.had_turn(queue), group),
        ]
    )
    return PlaceInGroup(above, below, running, full is not None, bool(had_turn))


def recent_counters(queue: str, broker: LifoBroker) -> QueueCounters:
    """What rates of the last minutes are made of.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    samples, minutes = RATES_SPAN_US // INTERVAL_US + 2, RATES_SPAN_US // MINUTE_US + 1
    return read_counters(broker.redis.queue(queue), samples=samples, minutes=minutes)


def flow_of(counters: QueueCounters) -> Flow:
    """Of the last 5 minutes, or since the queue's first job if that is less."""
    began_us, before = counters.counts_at(counters.now_us - RATES_SPAN_US)
    first = counters.samples[-1] if counters.samples else None
    if first is not None and first.at_us > began_us and not any(first.counts.totals.values()):
        began_us = first.at_us
    seconds = max(1.0, (counters.now_us - began_us) / 1e6)
    now = counters.together.counts
    arrivals, starts = (now.totals[name] - before.totals[name] for name in ("accepted", "claimed"))
    spans = _spans(counters, began_us)
    return Flow(
        arrivals=arrivals / seconds,
        starts=starts / seconds,
        over_s=seconds,
        steady_arrivals=_steady_arrivals(spans),
        busy_starts=_busy_starts(spans),
        run_s=_run_s(counters),
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """10 s, or what has passed of them: jobs that came and were started; ``is_busy``: some waited at both ends."""

    seconds: float
    accepted: int
    claimed: int
    is_busy: bool


def _spans(counters: QueueCounters, began_us: int) -> list[_Span]:
    first_us = began_us // INTERVAL_US * INTERVAL_US
    times_us = [*range(first_us, counters.now_us, INTERVAL_US), counters.now_us]
    counts = [*(counters.counts_at(time_us)[1] for time_us in times_us[:-1]), counters.together.counts]
    return [
        _Span(
            (to_us - from_us) / 1e6,
            after.totals["accepted"] - before.totals["accepted"],
            after.totals["claimed"] - before.totals["claimed"],
            min(before.states["queued"], after.states["queued"]) > 0,
        )
        for (from_us, before), (to_us, after) in pairwise(zip(times_us, counts, strict=True))
    ]


def _steady_arrivals(spans: list[_Span]) -> float:
    rest = sorted(spans, key=lambda span: span.accepted)[:-1]
    seconds = sum(span.seconds for span in rest)
    return sum(span.accepted for span in rest) / seconds if seconds else 0.0


def _busy_starts(spans: list[_Span]) -> float | None:
    seconds = sum(span.seconds for span in spans if span.is_busy)
    return sum(span.claimed for span in spans if span.is_busy) / seconds if seconds >= FEWEST_BUSY_S else None


def _run_s(counters: QueueCounters) -> float | None:
    """Of the attempts that ended in these minutes; of all that there were, if none did."""
    before = added(counters.tasks_at(counters.now_us - RATES_SPAN_US)[1].values())
    run = counters.together.run
    recent = run - before.run
    run = recent if recent.count > 0 else run
    return run.sum_us / 1e6 / run.count if run.count > 0 else None


def _reads(job: Job) -> list[tuple[str | bytes | int, ...]]:
    stack = keys.stack(job.queue)
    # A job that was delayed comes on top when it falls due: above it is what has a place beyond that time.
    place = job.place if job.place is not None else job.due_at_us or job.seq
    return [
        ("HGET", keys.records(job.queue), job.id),
        ("ZREVRANK", stack, job.id),
        ("ZRANK", stack, job.id),
        ("ZCOUNT", stack, f"({place}", "+inf"),
        ("ZSCORE", keys.leases(job.queue), job.id),
    ]
