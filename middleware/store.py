"""Reading jobs: one by its id, and lists, newest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dramatiq
import msgpack
import orjson

from . import keys
from .connection import Link
from .delivery import REFUSED, is_well_formed
from .jobs import Job, JobError, JobStatus
from .scripts import RECORD_FIELDS, QueueScripts

LONGEST_ID = 64

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
"""How records spell a status (``lua/_record.lua``)."""

INDEXES = {status: "stack" if status is JobStatus.QUEUED else status.value for status in JobStatus}
"""Which index lists the jobs of a status by seq; for the stack, together with ``displaced``."""

DETAILS = (keys.messages, keys.results, keys.failures)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of a list begins: below this job, in the order (seq, queue)."""

    seq: int
    queue: str

    def encode(self) -> str:
        """As an opaque word for a URL."""
        return base64.urlsafe_b64encode(f"{self.seq}:{self.queue}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The inverse of :meth:`encode`.

        Raises:
          ValueError: the text isn't a cursor.
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            seq, colon, queue = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
        except (binascii.Error, UnicodeError) as error:
            raise ValueError(f"{text!r} isn't a cursor") from error
        if not colon or not (seq.isascii() and seq.isdigit()) or len(seq) > 16 or not queue:
            raise ValueError(f"{text!r} isn't a cursor")
        return cls(int(seq), queue)


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, newest first. A page may be short; only ``next is None`` means the end."""

    jobs: list[Job]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells of its job, with what only its task knows."""

    payload: Mapping[str, Any]
    max_attempts: int | None


class JobStore:
    """Reads of job records.

    Parameters:
      link: gives the calling thread's link.
      scripts: gives the commands of a queue over that link.
      queues: the queues to look in.
      facts: what the message means to its task.
      reading: runs a read, repeating it while Redis is away as patience allows.
    """

    def __init__(
        self,
        *,
        link: Callable[[], Link],
        scripts: Callable[[str], QueueScripts],
        queues: Callable[[], Iterable[str]],
        facts: Callable[[dramatiq.Message[Any]], Facts],
        reading: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._link = link
        self._scripts = scripts
        self._queues = queues
        self._facts = facts
        self._reading = reading

    def get(self, id: str) -> Job | None:
        """The job with this id, or None.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        if not 0 < len(id) <= LONGEST_ID:
            return None
        queues = sorted(self._queues())
        commands: list[tuple[str | bytes | int, ...]] = []
        for queue in queues:
            # The record first: what it tells of the rest is there when the rest is read.
            commands += [("HGET", key(queue), id) for key in (keys.records, *DETAILS)]
        answers = self._reading(lambda: self._link().call_all(commands))
        for i, queue in enumerate(queues):
            record, message, result, failure = answers[4 * i : 4 * i + 4]
            if record is not None and message is not None:
                return self._job(id, queue, (record, message, result, failure))
        return None

    def page(
        self,
        *,
        status: JobStatus | None = None,
        queue: str | None = None,
        limit: int = 50,
        cursor: Cursor | None = None,
    ) -> Page:
        """One page of jobs, newest first by (seq, queue), all below ``cursor``. Jobs that arrive while somebody
        pages don't move the rest: each job that is there all the time is seen once.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        indexes = [INDEXES[status]] if status else list(INDEXES.values())
        if status in (None, JobStatus.QUEUED):
            indexes.append("displaced")
        rows: list[tuple[int, str, str, bytes]] = []
        floor: Cursor | None = None
        for name in [queue] if queue else sorted(self._queues()):
            below = _below(cursor, name)
            begins, found = self._reading(partial(self._part, name, below, limit, indexes))
            rows += [(_seq(record), name, id, record) for id, record in found]
            if begins is not None:
                floor = max(filter(None, (floor, Cursor(begins, name))), key=_order)
        rows.sort(key=lambda row: row[:2], reverse=True)
        shown = [row for row in rows if floor is None or row[:2] >= _order(floor)][:limit]
        return Page(self._jobs(shown), _next(rows, shown, floor, limit))

    def _part(
        self, queue: str, below: int | None, limit: int, indexes: Sequence[str]
    ) -> tuple[int | None, list[tuple[str, bytes]]]:
        return self._scripts(queue).page(below, limit, indexes)

    def _jobs(self, rows: Sequence[tuple[int, str, str, bytes]]) -> list[Job]:
        ids: dict[str, list[str]] = {}
        for _, queue, id, _ in rows:
            ids.setdefault(queue, []).append(id)
        commands = [("HMGET", key(queue), *of_queue) for queue, of_queue in ids.items() for key in DETAILS]
        if not commands:
            return []
        answers = self._reading(lambda: self._link().call_all(commands))
        details: dict[tuple[str, str], tuple[bytes | None, ...]] = {}
        for i, (queue, of_queue) in enumerate(ids.items()):
            for id, *parts in zip(of_queue, *answers[3 * i : 3 * i + 3], strict=True):
                details[queue, id] = tuple(parts)
        jobs = []
        for _, queue, id, record in rows:
            message, result, failure = details[queue, id]
            if message is not None:  # else it was pruned meanwhile
                jobs.append(self._job(id, queue, (record, message, result, failure)))
        return jobs

    def _job(self, id: str, queue: str, kept: tuple[bytes, bytes, bytes | None, bytes | None]) -> Job:
        record, body, result, failure = kept
        return job_from(id, queue, record, _message(id, queue, body), self._facts, result=result, failure=failure)


def job_from(
    id: str,
    queue: str,
    packed_record: bytes,
    message: dramatiq.Message[Any],
    facts: Callable[[dramatiq.Message[Any]], Facts],
    *,
    result: bytes | None = None,
    failure: bytes | None = None,
) -> Job:
    """A job from what Redis keeps of it."""
    r: dict[str, Any] = {
        name: None if value is False else value
        for name, value in zip(RECORD_FIELDS, msgpack.unpackb(packed_record), strict=True)
    }
    status = STATUS_LETTERS[r["status"]]
    known = facts(message)
    options = message.options
    return Job(
        id=id,
        seq=r["seq"],
        place=None if r["place"] == 0 else (r["place"] or r["seq"]),
        status=status,
        task=r["task"] or message.actor_name,
        queue=queue,
        payload=known.payload,
        tags=tuple(options.get("tags") or ()),
        attempts=r["attempts"],
        max_attempts=known.max_attempts,
        due_at_us=r["due"],
        queued_at_us=None if r["entered"] == 0 else (r["entered"] or r["seq"]),
        started_at_us=r["started"],
        finished_at_us=r["finished"],
        window=None if r["window"] is None else f"{queue}.{r['window']}",
        worker=r["worker"],
        progress=None,
        cancel_requested=False,
        result=_result(status, result),
        result_error=_result_error(status, result),
        error=_error(failure),
        reason=r["reason"],
        request_id=options.get("request_id"),
        traceparent=options.get("traceparent"),
    )


def _result(status: JobStatus, kept: bytes | None) -> Any:
    if status is not JobStatus.PROCESSED or not kept or kept.startswith(REFUSED):
        return None
    return orjson.loads(kept)


def _result_error(status: JobStatus, kept: bytes | None) -> str | None:
    if status is not JobStatus.PROCESSED or not kept or not kept.startswith(REFUSED):
        return None
    return kept.removeprefix(REFUSED).decode()


def _error(kept: bytes | None) -> JobError | None:
    if not kept:
        return None
    at_us, _, text = kept.partition(b" ")
    words = orjson.loads(text)
    return JobError(words["type"], words["message"], words["traceback"], int(at_us))


def _message(id: str, queue: str, body: bytes) -> dramatiq.Message[Any]:
    """The message, or for one that can't be decoded an empty one, so that its job can be seen all the same."""
    try:
        message: dramatiq.Message[Any] | None = dramatiq.Message.decode(body)
    except dramatiq.errors.DecodeError:
        message = None
    if message is not None and is_well_formed(message):
        return message
    return dramatiq.Message(queue, "", (), {}, {}, message_id=id, message_timestamp=0)


def _seq(packed_record: bytes) -> int:
    return int(msgpack.unpackb(packed_record)[RECORD_FIELDS.index("seq")])


def _order(cursor: Cursor) -> tuple[int, str]:
    return cursor.seq, cursor.queue


def _below(cursor: Cursor | None, queue: str) -> int | None:
    """The seq below which this queue's part of the page begins: (seq, queue) < (cursor.seq, cursor.queue)."""
    if cursor is None:
        return None
    return cursor.seq + 1 if queue < cursor.queue else cursor.seq


def _next(
    rows: Sequence[tuple[int, str, str, bytes]],
    shown: Sequence[tuple[int, str, str, bytes]],
    floor: Cursor | None,
    limit: int,
) -> Cursor | None:
    if floor is None and len(shown) == len(rows):
        return None
    if len(shown) == limit or floor is None:
        return Cursor(*shown[-1][:2])
    return floor
