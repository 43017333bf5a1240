"""Reading jobs: one by its id, and lists, newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import dramatiq

from ..commands import keys
from ..commands.client import RedisClient
from ..jobs import LONGEST_ID, Job
from ..messages import MessageDetails, message_of
from ..tags import digests
from .filters import ALL_JOBS, JobFilter
from .records import job_from, seq_of, status_of

T = TypeVar("T")

FRUITLESS_LOOKS = 10
"""How often a page that would be empty is looked for further on, at 2,000 jobs a look (``walk.lua``)."""

WALKED_A_CALL = 500

DETAILS = (keys.messages, keys.results, keys.failures, keys.progress)
"""Where the texts of a job are, apart from its record."""


class Cursor(NamedTuple):
    """Where a page of a list begins: below this job, in the order (seq, queue)."""

    seq: int
    queue: str

    def seq_below(self, queue: str) -> int:
        """Below which seq this queue's part of the page begins: (seq, queue) < (self.seq, self.queue)."""
        return self.seq + 1 if queue < self.queue else self.seq


class Row(NamedTuple):
    """A job of a list: where it stands there, its id, and its packed record."""

    at: Cursor
    id: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, newest first. A page may be short; only ``next is None`` means the end."""

    jobs: list[Job]
    next: Cursor | None


class JobStore:
    """Reads of job records.

    Parameters:
      details_of: what the message means to its task.
    """

    def __init__(self, redis: RedisClient, *, details_of: Callable[[dramatiq.Message[Any]], MessageDetails]) -> None:
        self._redis = redis
        self._details_of = details_of
        self._known: Sequence[str] = ()

    def get(self, id: str) -> Job | None:
        """The job with this id, or None.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return self._look_for(id, self._get) if 0 < len(id) <= LONGEST_ID else None

    def _get(self, id: str, queues: Sequence[str]) -> Job | None:
        commands: list[tuple[str | bytes | int, ...]] = []
        for queue in queues:
            # The record first: what it names is still there when the rest is read.
            commands += [("HGET", key(queue), id) for key in (keys.records, *DETAILS)]
        answers = self._redis.call_all(commands)
        for i, queue in enumerate(queues):
            record, *texts = answers[5 * i : 5 * i + 5]
            if record is not None and texts[0] is not None:
                return self._job(id, queue, record, texts)
        return None

    def get_some(self, queue: str, ids: Sequence[str]) -> list[Job]:
        """The jobs of a queue with these ids, in their order, without those that aren't there.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        records = self._redis.call("HMGET", keys.records(queue), *ids)
        found = [(queue, id, record) for id, record in zip(ids, records, strict=True) if record is not None]
        return self._jobs(self._redis, found)

    def accepted_together(self, queue: str, first_seq: int, count: int) -> list[Job]:
        """The jobs that one call accepted, in its order, without those that have been pruned.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        found: list[tuple[str, str, bytes]] = []
        below: int | None = first_seq + count
        while below is not None:
            below, rows = self._redis.queue(queue).page(below, WALKED_A_CALL, ALL_JOBS.indexes, above_seq=first_seq - 1)
            found += [(queue, id, record) for id, record in rows]
        return self._jobs(self._redis, found[::-1])

    def ended_among(self, ids: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
        """Which of these jobs, given by queue, have ended or aren't there: (queue, id) each.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        listed = [(queue, list(of_queue)) for queue, of_queue in ids.items()]
        commands = [("HMGET", keys.records(queue), *of_queue) for queue, of_queue in listed]
        answers = self._redis.call_all(commands)
        return {
            (queue, id)
            for (queue, of_queue), records in zip(listed, answers, strict=True)
            for id, record in zip(of_queue, records, strict=True)
            if record is None or status_of(record).is_final
        }

    def find(self, id: str) -> tuple[str, bytes] | None:
        """The queue of a job and its encoded message, or None when there is no such job.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return self._look_for(id, self._find) if 0 < len(id) <= LONGEST_ID else None

    def _find(self, id: str, queues: Sequence[str]) -> tuple[str, bytes] | None:
        commands = [("HGET", keys.messages(queue), id) for queue in queues]
        found = self._redis.call_all(commands)
        return next(((queue, body) for queue, body in zip(queues, found, strict=True) if body is not None), None)

    def _look_for(self, id: str, look: Callable[[str, Sequence[str]], T | None]) -> T | None:
        """What is found in the queues known so far, which takes one exchange; else in those that have come since."""
        known = self._known
        found = look(id, known) if known else None
        if found is None:
            self._known = sorted(self._redis.queues())
            new = [queue for queue in self._known if queue not in known]
            found = look(id, new) if new else None
        return found

    def page(self, where: JobFilter = ALL_JOBS, *, limit: int = 50, cursor: Cursor | None = None) -> Page:
        """One page of jobs, newest first by (seq, queue), all below ``cursor``. Jobs that arrive while somebody
        pages don't move the rest: each job that is there all the time is seen once.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return self._redis.read_lists(lambda redis: self._page_with_jobs(redis, where, limit, cursor))

    def walk(self, where: JobFilter) -> Iterator[tuple[str, str, bytes]]:
        """All jobs that fit, one queue after the other, each newest first: (queue, id, packed record).

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        for queue in where.queues_among(self._redis.queues()):
            cursor: Cursor | None = None
            while True:
                begins, found = self._part(self._redis, queue, where, WALKED_A_CALL, cursor)
                yield from ((queue, id, record) for id, record in found)
                if begins is None:
                    break
                cursor = Cursor(begins, queue)

    def _page_with_jobs(self, redis: RedisClient, where: JobFilter, limit: int, cursor: Cursor | None) -> Page:
        page = self._page(redis, where, limit, cursor)
        for _ in range(FRUITLESS_LOOKS):
            if page.jobs or page.next is None:
                break
            page = self._page(redis, where, limit, page.next)
        return page

    def _page(self, redis: RedisClient, where: JobFilter, limit: int, cursor: Cursor | None) -> Page:
        rows: list[Row] = []
        floor: Cursor | None = None
        for name in where.queues_among(redis.queues()):
            begins, found = self._part(redis, name, where, limit, cursor)
            rows += [Row(Cursor(seq_of(record), name), id, record) for id, record in found]
            if begins is not None:
                floor = max(filter(None, (floor, Cursor(begins, name))))
        rows.sort(key=attrgetter("at"), reverse=True)
        shown = [row for row in rows if floor is None or row.at >= floor][:limit]
        jobs = self._jobs(redis, [(row.at.queue, row.id, row.record) for row in shown])
        return Page(jobs, _next(rows, shown, floor, limit))

    def _part(
        self, redis: RedisClient, queue: str, where: JobFilter, limit: int, cursor: Cursor | None
    ) -> tuple[int | None, list[tuple[str, bytes]]]:
        if where.is_empty:
            return None, []
        bounds = [] if cursor is None else [cursor.seq_below(queue)]
        if where.created_before_us is not None:
            bounds.append(where.created_before_us)
        return redis.queue(queue).page(
            min(bounds, default=None),
            limit,
            where.indexes,
            above_seq=where.created_after_us,
            tasks=where.tasks or (),
            window=where.window_number,
            tags=digests(where.tags or ()),
        )

    def _jobs(self, redis: RedisClient, found: Sequence[tuple[str, str, bytes]]) -> list[Job]:
        """The jobs with these queues, ids and packed records."""
        ids: dict[str, list[str]] = {}
        for queue, id, _ in found:
            ids.setdefault(queue, []).append(id)
        commands = [("HMGET", key(queue), *of_queue) for queue, of_queue in ids.items() for key in DETAILS]
        if not commands:
            return []
        answers = redis.call_all(commands)
        details: dict[tuple[str, str], list[bytes | None]] = {}
        for i, (queue, of_queue) in enumerate(ids.items()):
            for id, *texts in zip(of_queue, *answers[4 * i : 4 * i + 4], strict=True):
                details[queue, id] = texts
        return [
            self._job(id, queue, record, details[queue, id])
            for queue, id, record in found
            if details[queue, id][0] is not None  # else it was pruned meanwhile
        ]

    def _job(self, id: str, queue: str, record: bytes, texts: Sequence[bytes | None]) -> Job:
        body, result, failure, progress = texts
        message = message_of(id, queue, body or b"")
        return job_from(id, queue, record, message, self._details_of, result=result, failure=failure, progress=progress)


def _next(rows: Sequence[Row], shown: Sequence[Row], floor: Cursor | None, limit: int) -> Cursor | None:
    if floor is None and len(shown) == len(rows):
        return None
    if len(shown) == limit or floor is None:
        return shown[-1].at
    return floor
