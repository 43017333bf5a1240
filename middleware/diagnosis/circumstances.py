"""All that bears on when and whether a job runs, read at about one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from ..commands import keys
from ..commands.layout import RECORD_FIELDS, SLOT_US
from ..jobs import Job, JobStatus
from ..messages import time_limit_s
from ..processes.registry import LiveProcess
from ..queues.policy import Policy
from ..queues.snapshot import QueueSnapshot
from ..statistics.counters import QueueTallies, read_tallies

if TYPE_CHECKING:
    from ..broker import LifoBroker

RATES_SPAN_US = 300_000_000
LOST, CANCEL = RECORD_FIELDS.index("lost"), RECORD_FIELDS.index("cancel")


@dataclass(frozen=True, slots=True)
class Flow:
    """How many jobs a second came to a queue and were started, over the last ``over_s`` seconds."""

    arrivals: float
    starts: float
    over_s: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A job and what is around it. Times in µs of the Redis server.

    ``above`` and ``below``: how many waiting jobs have a higher and a lower place. ``lost``: leases lost in a row.
    ``cancel_reason``: why it was asked to stop. ``time_limit_s``: for how long its task may run; infinite: for ever.
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
    tallies = read_tallies(broker.redis.queue(job.queue), samples=RATES_SPAN_US // SLOT_US + 2)
    record, from_top, from_bottom, over_it, lease = broker.redis.call_all(_reads(job))
    fields: list[Any] = msgpack.unpackb(record) if record else [False] * len(RECORD_FIELDS)
    waiting = snapshot.counts[JobStatus.QUEUED]
    above = over_it if from_top is None else from_top
    return Circumstances(
        now_us=tallies.now_us,
        job=job,
        above=above,
        below=max(0, waiting - above) if from_bottom is None else from_bottom,
        lost=fields[LOST] or 0,
        cancel_reason=fields[CANCEL] or None,
        lease_ends_us=None if lease is None else int(float(lease)),
        time_limit_s=time_limit_s(job.task, {}, broker),
        queue=snapshot,
        is_gated=broker.is_gated,
        processes=broker.registry.processes(),
        flow=flow_of(tallies),
    )


def flow_of(tallies: QueueTallies) -> Flow:
    """Of the last 5 minutes, or since the queue's first job if that is less."""
    began_us, before = tallies.counts_at(tallies.now_us - RATES_SPAN_US)
    first = tallies.samples[-1] if tallies.samples else None
    if first is not None and first.at_us > began_us and not any(first.counts.totals.values()):
        began_us = first.at_us
    seconds = max(1.0, (tallies.now_us - began_us) / 1e6)
    now = tallies.together.counts
    arrivals, starts = (now.totals[name] - before.totals[name] for name in ("accepted", "claimed"))
    return Flow(arrivals / seconds, starts / seconds, seconds)


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
