"""Recurring jobs: what the cadence submits at its ticks, as schedulers put it in force and operators see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson

from ..clock import rfc3339
from ..commands import keys
from ..commands.client import RedisClient
from ..commands.layout import OVERDUE_US, RecurringRecord, unpack_recurring
from ..jobs import JobStatus
from ..store.records import status_of
from .pause import Pause

TICKS_SHOWN = 10
RECURRING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,53}")
"""What a recurring job may be called: its jobs have the tag ``recurring:<name>``, of 64 characters at most."""
MissedTick = Literal["skip", "submit"]
COUNTED = ("submitted", "skipped_paused", "skipped_waiting", "missed")
"""What becomes of ticks: a job; nothing, as the recurring job is paused or its last job waits; or nobody was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A recurring job as a scheduler read it. ``timetable``: when its ticks are, in words; ``next_ticks_ms``: those
    that come next."""

    name: str
    queue: str
    task: str
    payload: dict[str, Any]
    timetable: str
    missed: MissedTick
    skip_if_waiting: bool
    next_ticks_ms: tuple[int, ...]

    def packed(self) -> bytes:
        """As Redis keeps it."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class LastJob:
    """What a recurring job submitted last. ``status``: None once it was pruned."""

    id: str
    tick_ms: int
    status: JobStatus | None

    def as_dict(self) -> dict[str, Any]:
        status = None if self.status is None else self.status.value
        return {"id": self.id, "status": status, "tick_at": rfc3339(self.tick_ms * 1000)}


@dataclass(frozen=True, slots=True)
class RecurringJob:
    """A recurring job that is in force. ``next_ticks_ms``: none while no scheduler is at work; ``last_tick_ms``: the
    last one that was decided; ``ticks``: how many there were, by what became of them (``COUNTED``)."""

    definition: Definition
    next_ticks_ms: tuple[int, ...]
    last_tick_ms: int | None
    last_job: LastJob | None
    pause: Pause | None
    ticks: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The recurring job as the API shows it: every key always there, times as RFC 3339 in UTC."""
        d = self.definition
        return {
            "name": d.name,
            "task": d.task,
            "queue": d.queue,
            "payload": d.payload,
            "timetable": d.timetable,
            "missed": d.missed,
            "skip_if_waiting": d.skip_if_waiting,
            "pause": self.pause.as_dict() if self.pause else None,
            "next_ticks": [rfc3339(tick_ms * 1000) for tick_ms in self.next_ticks_ms],
            "last_tick_at": None if self.last_tick_ms is None else rfc3339(self.last_tick_ms * 1000),
            "last_job": self.last_job.as_dict() if self.last_job else None,
            "ticks": dict(self.ticks),
        }


class RecurringJobs:
    """Puts recurring jobs in force, shows and pauses them.

    Every method raises RedisAwayError when Redis doesn't answer.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def put(self, queue: str, definitions: Iterable[Definition]) -> int:
        """Put these in force in a queue, and no others; tells how many came, went, or got other ticks."""
        return self._redis.queue(queue).put_recurring([(d.name, d.timetable, d.packed()) for d in definitions])

    def count_missed(self, queue: str, name: str, missed: int) -> None:
        """Count ticks that nobody decided in time. Sent once: a count may be lost, but isn't doubled."""
        self._redis.link.call("HINCRBY", keys.recurring_counters(queue), f"missed:{name}", missed)

    def all(self) -> list[RecurringJob]:
        """All that are in force, by name."""
        found = [job for queue in sorted(self._redis.queues()) for job in self._of_queue(queue)]
        return sorted(found, key=lambda job: (job.definition.name, job.definition.queue))

    def get(self, name: str) -> RecurringJob | None:
        """The one of this name; None when no cadence in force has it."""
        return next((job for job in self.all() if job.definition.name == name), None)

    def pause(self, name: str, *, by: str, reason: str) -> RecurringJob | None:
        """Submit nothing from now on; ticks that come meanwhile are skipped for good. The recurring job as it is then,
        None when there is none. One that is paused already keeps that pause."""
        return self._say("pause", name, by, reason)

    def resume(self, name: str, *, by: str) -> RecurringJob | None:
        """End a pause. The recurring job as it is then, None when there is none."""
        return self._say("resume", name, by, "")

    def _say(self, word: str, name: str, by: str, reason: str) -> RecurringJob | None:
        job = self.get(name)
        if job is None:
            return None
        self._redis.queue(job.definition.queue).pause_recurring(word, name, by, reason)
        return self.get(name)

    def _of_queue(self, queue: str) -> Iterator[RecurringJob]:
        now_us, counters, rows = self._redis.queue(queue).read_recurring()
        for name, packed, job in rows:
            status = status_of(job) if job else None
            ticks = {what: int(counters.get(f"{what}:{name}", 0)) for what in COUNTED}
            yield _recurring(unpack_recurring(packed), ticks, status, now_us)


def _recurring(
    record: RecurringRecord, ticks: Mapping[str, int], status: JobStatus | None, now_us: int
) -> RecurringJob:
    fields = orjson.loads(record.definition or "")
    definition = Definition(**{**fields, "next_ticks_ms": tuple(fields["next_ticks_ms"])})
    return RecurringJob(
        definition=definition,
        next_ticks_ms=_planned(definition.next_ticks_ms, record, now_us),
        last_tick_ms=record.last_tick,
        last_job=LastJob(record.last_job, record.last_job_tick or 0, status) if record.last_job else None,
        pause=Pause(record.pause_reason or "", record.paused_by or "", record.paused_at) if record.paused_at else None,
        ticks=ticks,
    )


def _planned(ticks_ms: tuple[int, ...], record: RecurringRecord, now_us: int) -> tuple[int, ...]:
    undecided = (tick_ms for tick_ms in ticks_ms if tick_ms > (record.last_tick or 0))
    if any(tick_ms * 1000 < now_us - OVERDUE_US for tick_ms in undecided):
        return ()
    return tuple(tick_ms for tick_ms in ticks_ms if tick_ms * 1000 > now_us)[:TICKS_SHOWN]
