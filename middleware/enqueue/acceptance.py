"""Accepting messages as jobs: what they must fulfil, and the call that is made only once."""

from __future__ import annotations

import math
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import dramatiq
import orjson
from dramatiq.common import q_name

from ..commands import keys, types
from ..commands.client import RedisClient
from ..commands.types import (
    BOUNDLESS,
    KEYLESS,
    Accepted,
    Again,
    Call,
    Crowded,
    Exists,
    IdempotencyKey,
    Offer,
    Replayed,
    Reused,
    Room,
    Tick,
    TickAnswer,
)
from ..errors import (
    DuplicateJobError,
    KeyReusedError,
    LargerThanQueueError,
    LastInError,
    QueueFullError,
    ReplayGoneError,
    TooManyWaitingError,
)
from ..jobs import LONGEST_ID, Job, JobStatus
from ..messages import MessageDetails
from ..processes.retention import Retention
from ..store.reading import JobStore
from ..store.records import fresh_job, job_from
from ..tags import MOST_TAGS, MOST_TAGS_IN_A_CALL, digests, tags_of
from ..words import counted
from .deadlines import deadline_us
from .fresh_work import FreshWork

LARGEST_BATCH = 1000
PLAIN = frozenset({str, int, bool})

T = TypeVar("T")


def one_queue(messages: Sequence[dramatiq.Message[Any]]) -> str:
    """The queue of messages that can be accepted in one call.

    Raises:
      ValueError: they are of several queues, too many or none, an id is too long, or there are too many tags.
      DuplicateJobError: two of them have the same id.
    """
    names = {q_name(m.queue_name) for m in messages}
    if len(names) != 1 or len(messages) > LARGEST_BATCH:
        raise ValueError(f"expected 1 to {LARGEST_BATCH} messages of one queue, got {len(messages)} of {sorted(names)}")
    for m in messages:
        if not 0 < len(m.message_id) <= LONGEST_ID:
            raise ValueError(f"an id has 1 to {LONGEST_ID} characters, got {len(m.message_id)}")
    _check_tags([len(tags_of(m.options)) for m in messages if "tags" in m.options])
    ids = [m.message_id for m in messages]
    if len(set(ids)) < len(ids):
        [(twice, _)] = Counter(ids).most_common(1)
        raise DuplicateJobError(f"Several messages have id {twice}; nothing was enqueued. Give each its own.")
    return names.pop()


def _check_tags(counts: Sequence[int]) -> None:
    if counts and max(counts) > MOST_TAGS:
        raise ValueError(f"a job has {MOST_TAGS} tags at most, got {max(counts)}")
    if sum(counts) > MOST_TAGS_IN_A_CALL:
        raise ValueError(f"jobs accepted together have {MOST_TAGS_IN_A_CALL} tags at most, got {sum(counts)}")


class Receipt(NamedTuple):
    """The jobs of a request, in its order; ``is_replay``: it had been carried out before, and they are shown as they
    are now."""

    jobs: list[Job]
    is_replay: bool = False


class Caller(threading.local):
    """The calling thread, as ``accept.lua`` knows it: it keeps the number of each caller's last call, so that memory
    goes with threads and not with jobs."""

    def __init__(self) -> None:
        self._pid = 0
        self._name = b""
        self._last = 0

    def new_call(self) -> Call:
        """A name for the next call; its number is the time in µs, so that the callers that called last are known."""
        if self._pid != os.getpid():  # after a fork, two processes would have the same name
            self._pid, self._name = os.getpid(), secrets.token_bytes(8)
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return Call(self._name, self._last)


class Acceptance:
    """Accepts messages whose queue and due time were checked; the jobs of a call are there all or none."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        store: JobStore,
        details_of: Callable[[dramatiq.Message[Any]], MessageDetails],
        fresh_work: FreshWork,
        retention: Retention,
    ) -> None:
        self._redis = redis
        self._store = store
        self._details_of = details_of
        self._fresh_work = fresh_work
        self._retention = retention
        self.room = BOUNDLESS
        self._caller = Caller()
        self._known_queues: set[str] = set()

    def accept(
        self,
        queue: str,
        messages: Sequence[dramatiq.Message[Any]],
        dues: Sequence[bytes],
        *,
        key: IdempotencyKey = KEYLESS,
    ) -> Receipt:
        """Accept them, each to run as ``dues`` says (:func:`due.due_argument`), unless there is no :attr:`room` for
        them, or the same request was sent before under its ``key``.

        Raises:
          as :meth:`LifoBroker.accept_once`.
        """
        jobs = [self._offer(message, due) for message, due in zip(messages, dues, strict=True)]
        call = self._caller.new_call()

        self._register(queue)

        def send() -> types.Acceptance:
            return self._redis.queue(queue).accept(jobs, call=call, key=key, room=self.room)

        match self._with_room(send):
            case Accepted(records=records) if records:
                packed = zip(messages, records, strict=True)
                return Receipt([job_from(m.message_id, queue, record, m, self._details_of) for m, record in packed])
            case Accepted(first_seq, dues_us, now_us):
                accepted = [
                    fresh_job(
                        *(queue, message, seq, due_us),
                        deadline_us(job.deadline, now_us),
                        self._details_of(message),
                    )
                    for seq, (message, job, due_us) in enumerate(zip(messages, jobs, dues_us, strict=True), first_seq)
                ]
                return Receipt(_superseded_within(accepted, jobs, now_us))
            case Again():
                return Receipt(self._store.get_some(queue, [job.id for job in jobs]))
            case Replayed(first_seq, count):
                return Receipt(self._all_of(queue, first_seq, count), is_replay=True)
            case refusal:
                raise _refused(refusal, queue, self.room)

    def accept_tick(self, queue: str, message: dramatiq.Message[Any], tick: Tick) -> TickAnswer:
        """Accept the job of a recurring job's tick, unless that tick was decided before.

        Raises:
          as :meth:`LifoBroker.accept_tick`.
        """
        job = self._offer(message)
        self._register(queue)
        return self._with_room(lambda: self._redis.queue(queue).accept_tick(job, tick))

    def _offer(self, message: dramatiq.Message[Any], due: bytes = b"") -> Offer:
        tags = digests(tags_of(message.options)) if "tags" in message.options else ""
        said = self._fresh_work.of(message)
        return Offer(message.message_id, message.actor_name, encoded(message), due, tags, *said)

    def _with_room(self, send: Callable[[], T]) -> T:
        """Send, and where Redis is full once more: what ended jobs keep must never be why a new one is refused."""
        try:
            return send()
        except QueueFullError:
            if not self._retention.prune(self._redis.queues(), self._redis.link):
                raise
            return send()

    def _all_of(self, queue: str, first_seq: int, count: int) -> list[Job]:
        jobs = self._store.accepted_together(queue, first_seq, count)
        if len(jobs) < count:
            raise ReplayGoneError(
                f"This request was carried out before: it made {count} jobs in queue {queue}, of which "
                f"{count - len(jobs)} have ended and been pruned since."
            )
        return jobs

    def _register(self, queue: str) -> None:
        if queue not in self._known_queues:
            self._redis.call("SADD", keys.queues(), queue)
            self._known_queues.add(queue)


def _superseded_within(accepted: list[Job], offers: Sequence[Offer], now_us: int) -> list[Job]:
    """The jobs of a call as they are after it: of each subject, the last one has superseded those before it."""
    last: dict[str, str] = {}
    for i in range(len(offers) - 1, -1, -1):
        digest = offers[i].subject.digest
        if digest and (by := last.setdefault(digest, offers[i].id)) != offers[i].id:
            accepted[i] = replace(accepted[i], status=JobStatus.SUPERSEDED, superseded_by=by, finished_at_us=now_us)
    return accepted


def _refused(answer: Exists | Crowded | Reused, queue: str, room: Room) -> LastInError:
    match answer:
        case Exists(_, id):
            return DuplicateJobError(
                f"A job with id {id} exists already; nothing was enqueued. Send a new message, or "
                "broker.renewed(…) of this one."
            )
        case Crowded(wanted=wanted) if 0 < room.most_waiting < wanted:
            return LargerThanQueueError(
                f"These are {wanted} jobs, and MAX_QUEUED lets {room.most_waiting} of a queue wait: send at most so "
                "many at once."
            )
        case Crowded(wanted=wanted, wanted_bytes=wanted_bytes) if 0 < room.most_bytes < wanted_bytes:
            its = "The message of this job has" if wanted == 1 else f"The messages of these {wanted} jobs have"
            less = "make it smaller" if wanted == 1 else "send fewer at once, or smaller ones"
            return LargerThanQueueError(
                f"{its} {wanted_bytes} bytes, and MAX_QUEUED_BYTES lets {room.most_bytes} of a queue wait: {less}."
            )
        case Crowded(waiting, until_window_us, wanted, waiting_bytes, wanted_bytes):
            if wanted_bytes:
                said = f"Queue {queue} has {waiting_bytes} bytes of other waiting messages, and MAX_QUEUED_BYTES is "
                said += f"{room.most_bytes}: there is no room for {wanted_bytes} more. Send them later."
            else:
                said = f"Queue {queue} has {counted(waiting, 'other waiting job')}, and MAX_QUEUED is "
                said += f"{room.most_waiting}: there is no room for {wanted} more. Send them later."
            return TooManyWaitingError(said, retry_after_s=max(1, math.ceil(until_window_us / 1e6)))
        case Reused():
            return KeyReusedError("Another request was sent under this idempotency key. Choose a new key.")


def encoded(message: dramatiq.Message[Any]) -> bytes:
    """As ``message.encode()``; for the common messages, which hold only texts and whole numbers, at a fraction of its
    time. Everything else orjson would take or write in its own way (NaN, dates, integers of more than 64 bits)."""
    values = (*message.args, *message.kwargs.values(), *message.options.values())
    if type(dramatiq.get_encoder()) is not dramatiq.JSONEncoder or not PLAIN.issuperset(map(type, values)):
        return message.encode()
    try:
        return orjson.dumps(message.__dict__)
    except TypeError:
        return message.encode()
