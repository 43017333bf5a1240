"""The history of a queue: read from its event log, and replayed against a model of its own.

The model shares nothing with the scripts but the words of the log: it keeps the waiting jobs in heaps, computes every
place from what was accepted, and knows the moves that ``jobs.TRANSITIONS`` allows.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack
import redis

from middleware import keys
from middleware.jobs import TRANSITIONS, JobStatus
from middleware.records import STATUS_LETTERS
from middleware.sources import RECORD_FIELDS

MARK = "mark"
TEXTS_KEPT = 20

INDEX_KEYS = {
    JobStatus.SCHEDULED: keys.scheduled,
    JobStatus.QUEUED: keys.stack,
    JobStatus.RUNNING: keys.running,
    JobStatus.PROCESSED: keys.processed,
    JobStatus.REJECTED: keys.rejected,
    JobStatus.CANCELLED: keys.cancelled,
    JobStatus.EXPIRED: keys.expired,
    JobStatus.SUPERSEDED: keys.superseded,
}
OUTCOMES = {
    "processed": {JobStatus.PROCESSED},
    "rejected": {JobStatus.REJECTED},
    "cancelled": {JobStatus.CANCELLED},
    "retry": {JobStatus.SCHEDULED, JobStatus.QUEUED, JobStatus.CANCELLED},
    "put_back": {JobStatus.QUEUED, JobStatus.CANCELLED},
}
"""Where a job may be after a settlement with this outcome."""

Event = list[Any]


class EventLog:
    """The event log of one queue, switched on and read in order, each event once.

    The first element is a mark of our own, which tells how many events were taken away before it. It keeps the key
    alive, and it tells after a lost answer whether the events that were read are still there.

    Every method raises redis.RedisError when Redis doesn't answer; it may then be called again.
    """

    def __init__(self, client: redis.Redis, queue: str) -> None:
        """``client`` must not decode answers."""
        self._client = client
        self._key = keys.event_log(queue)
        self.events_read = 0

    def switch_on(self) -> None:
        """From now on every move is logged."""
        if not self._client.exists(self._key):
            self._client.rpush(self._key, msgpack.packb([MARK, 0]))

    def read(self, most: int = 10_000) -> list[Event]:
        """The next events, at most so many; they are removed from Redis."""
        mark, *rows = self._client.lrange(self._key, 0, most)
        already_read = self.events_read - msgpack.unpackb(mark)[1]
        events = [msgpack.unpackb(row) for row in rows[already_read:]]
        self.events_read += len(events)
        if rows:
            self._remove(1 + len(rows))
        return events

    def _remove(self, elements: int) -> None:
        try:
            with self._client.pipeline(transaction=True) as both:
                both.ltrim(self._key, elements, -1)
                both.lpush(self._key, msgpack.packb([MARK, self.events_read]))
                both.execute()
        except redis.RedisError:
            return  # the mark tells the next read whether it happened


@dataclass(slots=True)
class KnownJob:
    """What the model knows of a job. ``place``: None until a delayed job falls due."""

    status: JobStatus
    seq: int
    place: int | None
    due_us: int
    attempts: int = 0
    back_by: str | None = None
    is_cancel_asked: bool = False

    def runs_as(self, number: int) -> bool:
        """Whether the delivery of this number is the one that runs."""
        return self.status is JobStatus.RUNNING and self.seq + self.attempts == number


class Waiting:
    """Waiting jobs by place: heaps, in which what is gone stays until it comes to the top."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._highest: list[tuple[int, str]] = []
        self._lowest: list[tuple[int, str]] | None = None  # made when somebody asks for the lowest

    def __len__(self) -> int:
        return len(self._places)

    def add(self, id: str, place: int) -> None:
        """One more waits."""
        self._places[id] = place
        heapq.heappush(self._highest, (-place, id))
        if self._lowest is not None:
            heapq.heappush(self._lowest, (place, id))
        if len(self._highest) > 2 * len(self._places) + 1000:
            self._highest = [(-place, id) for id, place in self._places.items()]
            heapq.heapify(self._highest)
            self._lowest = None

    def discard(self, id: str) -> None:
        """It waits no more, if it did."""
        self._places.pop(id, None)

    def highest(self) -> int | None:
        """The highest place of all."""
        while self._highest and self._places.get(self._highest[0][1]) != -self._highest[0][0]:
            heapq.heappop(self._highest)
        return -self._highest[0][0] if self._highest else None

    def lowest(self) -> int | None:
        """The lowest place of all."""
        if self._lowest is None:
            self._lowest = [(place, id) for id, place in self._places.items()]
            heapq.heapify(self._lowest)
        while self._lowest and self._places.get(self._lowest[0][1]) != self._lowest[0][0]:
            heapq.heappop(self._lowest)
        return self._lowest[0][0] if self._lowest else None


@dataclass(slots=True)
class Findings:
    """What a replay has found: how often each kind of error, the first texts, and what explains each duplicate."""

    errors: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    duplicates: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    claims: int = 0
    claims_from_the_bottom: int = 0
    stale_settles: int = 0
    forgotten: int = 0

    def add(self, kind: str, text: str) -> None:
        """One more error."""
        self.errors[kind] += 1
        if len(self.texts) < TEXTS_KEPT:
            self.texts.append(f"{kind}: {text}")


class HistoryChecker:
    """Replays the events of one queue, one by one, and says what can't be.

    Errors, by kind: ``out of order``, ``passed over`` (a claim while a delayed job was due and not on the stack),
    ``wrong place``, ``in two states``, ``double settle``, ``impossible move``, ``unknown job``, ``wrong end``,
    ``unexplained duplicate``, ``credits overrun``, ``claimed in a pause``; and from :meth:`compare`: ``lost``, ``in two
    states``, ``in another state``, ``never accepted``, ``record differs``.
    """

    def __init__(self, queue: str = "default") -> None:
        self.queue = queue
        self.found = Findings()
        self.jobs: dict[str, KnownJob] = {}
        self._waiting = Waiting()
        self._dues: list[tuple[int, str]] = []
        self._last_number = 0
        self._unfinished = 0
        self._is_paused = False
        self._rules: dict[int, tuple[int | None, int]] = {}
        self._claims_of: defaultdict[int, int] = defaultdict(int)

    @property
    def is_green(self) -> bool:
        """True while nothing is wrong."""
        return not self.found.errors

    def expect_window(self, number: int, *, credits: int | None, oldest_share_ppm: int = 0) -> None:
        """Check the claims of this window (0: those outside of windows) against its credits and share of the oldest."""
        self._rules[number] = (credits, oldest_share_ppm)

    def unfinished(self) -> int:
        """How many jobs wait or run, as the model sees it."""
        return self._unfinished

    def replay(self, events: Iterable[Event]) -> None:
        """Go on with these events."""
        for kind, now_us, id, *words in events:
            getattr(self, f"_{kind}")(now_us, id, *words)

    def compare(self, client: redis.Redis) -> None:
        """Compare where every job should be with where Redis has it, id by id. Nothing may happen meanwhile; ``client``
        must not decode answers."""
        held: defaultdict[str, list[JobStatus]] = defaultdict(list)
        for status, key in INDEX_KEYS.items():
            for id in client.zrange(key(self.queue), 0, -1):
                held[id.decode()].append(status)
        records = {id.decode(): msgpack.unpackb(r) for id, r in client.hscan_iter(keys.records(self.queue), count=500)}
        for id, job in self.jobs.items():
            statuses = held.get(id, [])
            if not statuses:
                self.found.add("lost", f"{id} should be {job.status}, and is in no index")
            elif len(statuses) > 1:
                self.found.add("in two states", f"{id} should be {job.status}, and is {' and '.join(statuses)}")
            elif statuses[0] != job.status:
                self.found.add("in another state", f"{id} should be {job.status}, and is {statuses[0]}")
            self._compare_record(id, job, records.get(id))
        for id in (held.keys() | records.keys()) - self.jobs.keys():
            self.found.add("never accepted", f"{id} is in Redis, and was never accepted or is forgotten")

    def _compare_record(self, id: str, job: KnownJob, fields: list[Any] | None) -> None:
        if fields is None:
            self.found.add("record differs", f"{id} has none")
            return
        record = dict(zip(RECORD_FIELDS, fields, strict=True))
        told = (STATUS_LETTERS[record["status"]], record["seq"], record["attempts"])
        if told != (job.status, job.seq, job.attempts):
            self.found.add("record differs", f"{id} is {job}, and its record says {told}")

    def _accept(self, now_us: int, id: str, seq: int, due_us: int) -> None:
        if id in self.jobs:
            self.found.add("in two states", f"{id} was accepted again")
        if seq <= self._last_number:
            self.found.add("wrong place", f"{id} got seq {seq}, not above {self._last_number}")
        self._last_number = max(self._last_number, seq)
        self.found.accepted += 1
        self._unfinished += 1
        if due_us:
            self.jobs[id] = KnownJob(JobStatus.SCHEDULED, seq, None, due_us)
            heapq.heappush(self._dues, (due_us, id))
        else:
            self.jobs[id] = KnownJob(JobStatus.QUEUED, seq, seq, 0)
            self._waiting.add(id, seq)

    def _pause(self, now_us: int, by: str) -> None:
        self._is_paused = True

    def _resume(self, now_us: int, by: str) -> None:
        self._is_paused = False

    def _promote(self, now_us: int, id: str, place: int) -> None:
        job = self._move(id, JobStatus.QUEUED, "promote", only_from=JobStatus.SCHEDULED)
        if job is None:
            return
        if job.due_us > now_us:
            self.found.add("impossible move", f"{id} was put on the stack {job.due_us - now_us} µs before it was due")
        self._check_place(id, job, place)
        self._waiting.add(id, place)

    def _claim(  # noqa: PLR0917 - the words of the log
        self, now_us: int, id: str, attempt: int, place: int, is_top: bool, window: int
    ) -> None:
        self._check_dues(now_us, id)
        if self._is_paused:
            self.found.add("claimed in a pause", id)
        right = self._waiting.highest() if is_top else self._waiting.lowest()
        job = self._move(id, JobStatus.RUNNING, "claim", only_from=JobStatus.QUEUED, error="in two states")
        if job is None:
            return
        if place != right:
            end = "top" if is_top else "bottom"
            self.found.add("out of order", f"{id} at {place} was claimed from the {end} while {right} waited")
        self._check_place(id, job, place)
        self._check_window(id, is_top, window)
        job.attempts += 1
        if attempt != job.attempts:
            self.found.add("impossible move", f"{id} was claimed as attempt {attempt} instead of {job.attempts}")
            job.attempts = attempt
        self.found.claims += 1
        self.found.claims_from_the_bottom += not is_top
        if job.attempts > 1:
            self.found.duplicates[job.back_by or "unexplained"] += 1
            if job.back_by is None:
                self.found.add("unexplained duplicate", f"{id} was claimed again as attempt {attempt}")
        job.back_by = None

    def _settle(self, now_us: int, id: str, number: int, outcome: str, letter: str) -> None:
        job = self.jobs.get(id)
        if job is not None and not job.runs_as(number):
            self.found.add("double settle", f"{id}, {outcome}: its delivery {number} doesn't run, it is {job}")
        status = STATUS_LETTERS[letter]
        if status not in OUTCOMES[outcome]:
            self.found.add("impossible move", f"{id} is {status} after the outcome {outcome}")
        self._return(id, status, "settle", outcome)

    def _reclaim(self, now_us: int, id: str, attempt: int, letter: str) -> None:
        self._return(id, STATUS_LETTERS[letter], "reclaim", "reclaim")

    def _recover(self, now_us: int, id: str, attempt: int, letter: str) -> None:
        self._return(id, STATUS_LETTERS[letter], "recover", "recover")

    def _stale(self, now_us: int, id: str, number: int, outcome: str) -> None:
        self.found.stale_settles += 1
        job = self.jobs.get(id)
        if job is not None and job.runs_as(number):
            self.found.add("impossible move", f"{id}, {outcome}: a lease that holds was called stale")

    def _cancel(self, now_us: int, id: str) -> None:
        job = self.jobs.get(id)
        if job is not None and job.status is JobStatus.RUNNING:
            self.found.add("impossible move", f"{id} was cancelled while it ran, without being asked to stop")
        self._move(id, JobStatus.CANCELLED, "cancel")

    def _cancel_asked(self, now_us: int, id: str) -> None:
        job = self.jobs.get(id)
        if job is None or job.status is not JobStatus.RUNNING:
            self.found.add("impossible move", f"{id} was asked to stop and doesn't run")
        else:
            job.is_cancel_asked = True

    def _revive(self, now_us: int, id: str, place: int) -> None:
        job = self._move(id, JobStatus.QUEUED, "revive")
        if job is None:
            return
        if place <= self._last_number:
            self.found.add("wrong place", f"{id} was revived at {place}, not above {self._last_number}")
        self._last_number = max(self._last_number, place)
        job.place, job.back_by = place, "revive"
        self._waiting.add(id, place)

    def _forget(self, now_us: int, id: str) -> None:
        job = self.jobs.pop(id, None)
        if job is None:
            self.found.add("unknown job", f"{id} was forgotten and isn't there")
        elif not job.status.is_final:
            self._unfinished -= 1
        if job is not None and job.status is JobStatus.RUNNING:
            self.found.add("lost", f"{id} was forgotten while it ran")
        self._waiting.discard(id)
        self.found.forgotten += 1

    def _return(self, id: str, status: JobStatus, by: str, why: str) -> None:
        """From running to wherever the end of the attempt leads."""
        job = self._move(id, status, by, only_from=JobStatus.RUNNING)
        if job is None:
            return
        if job.is_cancel_asked and not status.is_final:
            self.found.add("impossible move", f"{id} was asked to stop and is {status} again")
        job.back_by, job.due_us, job.is_cancel_asked = why, 0, False
        if status is JobStatus.QUEUED and job.place is not None:
            self._waiting.add(id, job.place)

    def _move(
        self,
        id: str,
        to: JobStatus,
        by: str,
        *,
        only_from: JobStatus | None = None,
        error: str = "impossible move",
    ) -> KnownJob | None:
        job = self.jobs.get(id)
        if job is None:
            self.found.add("unknown job", f"{id}: {by} of a job that isn't there")
            return None
        if to not in TRANSITIONS[job.status] or only_from not in (None, job.status):
            self.found.add(error, f"{id}: {by} takes it from {job.status} to {to}")
        self._waiting.discard(id)
        self._unfinished += job.status.is_final - to.is_final
        job.status = to
        return job

    def _check_place(self, id: str, job: KnownJob, place: int) -> None:
        """A job's place is its seq, or for a delayed one when it fell due; once it has one, it keeps it."""
        expected = job.due_us if job.place is None else job.place
        if place != expected:
            self.found.add("wrong place", f"{id} is at {place} instead of {expected}")
        job.place = place

    def _check_dues(self, now_us: int, id: str) -> None:
        while self._dues and self._dues[0][0] <= now_us:
            _, late = heapq.heappop(self._dues)
            job = self.jobs.get(late)
            if job is not None and job.status is JobStatus.SCHEDULED and job.place is None:
                self.found.add("passed over", f"{late} was due when {id} was claimed, and not on the stack")

    def _check_window(self, id: str, is_top: bool, window: int) -> None:
        self._claims_of[window] += 1
        if window not in self._rules:
            return
        n = self._claims_of[window]
        credits, share = self._rules[window]
        if credits is not None and n > credits:
            self.found.add("credits overrun", f"{id} was claim {n} of window {window}, which has {credits}")
        if is_top == (n * share // 1_000_000 > (n - 1) * share // 1_000_000):
            self.found.add("wrong end", f"{id}, claim {n} of window {window}, came from the wrong end")


def read_all(log: EventLog, *checkers: HistoryChecker) -> int:
    """Replay all that is in the log now; tells how many events that were."""
    total = 0
    while events := log.read():
        total += len(events)
        for checker in checkers:
            checker.replay(events)
    return total


def report(found: Findings) -> Mapping[str, Any]:
    """The findings, as a program prints them."""
    return {
        "accepted": found.accepted,
        "claims": found.claims,
        "claims_from_the_bottom": found.claims_from_the_bottom,
        "claims_out_of_order": found.errors["out of order"] + found.errors["passed over"] + found.errors["wrong end"],
        "jobs_in_two_states": found.errors["in two states"] + found.errors["double settle"],
        "jobs_lost": found.errors["lost"] + found.errors["unknown job"],
        "duplicates": dict(found.duplicates),
        "stale_settles": found.stale_settles,
        "forgotten": found.forgotten,
        "errors": dict(found.errors),
    }
