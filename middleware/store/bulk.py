"""Cancelling and retrying many jobs at once, in chunks that hold nobody up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, islice
from operator import itemgetter

from ..commands import keys
from ..commands.reach import RedisAccess
from ..jobs import JobStatus
from ..messages import without_retries
from .filters import JobFilter
from .reading import JobStore
from .records import is_asked_to_stop

CHUNK = 200
"""Jobs moved by one call of a script: some milliseconds."""

CANCELLABLE = frozenset({JobStatus.SCHEDULED, JobStatus.QUEUED, JobStatus.RUNNING})
RETRYABLE = frozenset({JobStatus.REJECTED, JobStatus.CANCELLED, JobStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What a bulk call did. ``asked``: how many of ``count`` run, and were asked to stop; ``more``: jobs that fit are
    left, because the call had reached its limit."""

    count: int
    asked: int
    more: bool


class Bulk:
    """Moves all jobs that fit a filter; the states that can't be moved are left out.

    Every method raises RedisAwayError when Redis doesn't answer; the jobs that were moved by then stay moved.
    """

    def __init__(self, redis: RedisAccess, *, store: JobStore) -> None:
        self._redis = redis
        self._store = store

    def cancel(self, where: JobFilter, *, limit: int, reason: str = "requested") -> BulkOutcome:
        """Call jobs off, the newest of each queue first."""
        found, more = self._some(_within(where, CANCELLABLE), limit)
        cancelled = asked = 0
        for queue, ids in _chunks(found):
            words = self._redis.patiently(partial(self._cancel, queue, ids, reason))
            running = [id for id, word in zip(ids, words, strict=True) if word == "asked"]
            if running:
                self._redis.patiently(partial(self._tell, running))
            cancelled, asked = cancelled + words.count("cancelled"), asked + len(running)
        return BulkOutcome(cancelled + asked, asked, more)

    def retry(self, where: JobFilter, *, limit: int, reason: str = "") -> BulkOutcome:
        """Put jobs that ended badly back on top, in their order: the newest of each queue ends uppermost."""
        found, more = self._some(_within(where, RETRYABLE), limit)
        revived = 0
        for queue, ids in _chunks(found[::-1]):
            words = self._redis.patiently(partial(self._retry, queue, ids, reason))
            revived += words.count("queued")
        return BulkOutcome(revived, 0, more)

    def _some(self, where: JobFilter, limit: int) -> tuple[list[tuple[str, str]], bool]:
        """Up to ``limit`` jobs that fit (queue, id), and whether there are others."""
        fitting = ((queue, id) for queue, id, record in self._store.walk(where) if not is_asked_to_stop(record))
        return list(islice(fitting, limit)), next(fitting, None) is not None

    def _cancel(self, queue: str, ids: Sequence[str], reason: str) -> list[str]:
        return self._redis.scripts(queue).cancel_all(ids, reason)

    def _tell(self, ids: Sequence[str]) -> None:
        self._redis.link().call_all([("PUBLISH", keys.cancellations(), id) for id in ids])

    def _retry(self, queue: str, ids: Sequence[str], reason: str) -> list[str]:
        bodies = self._redis.link().call("HMGET", keys.messages(queue), *ids)
        jobs = [(id, without_retries(body)) for id, body in zip(ids, bodies, strict=True) if body is not None]
        return self._redis.scripts(queue).retry_all(jobs, reason) if jobs else []


def _within(where: JobFilter, statuses: frozenset[JobStatus]) -> JobFilter:
    return replace(where, statuses=statuses if where.statuses is None else where.statuses & statuses)


def _chunks(found: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    for queue, rows in groupby(found, key=itemgetter(0)):
        ids = [id for _, id in rows]
        for start in range(0, len(ids), CHUNK):
            yield queue, ids[start : start + CHUNK]
