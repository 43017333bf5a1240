"""Accepting messages as jobs: what they must fulfil, when they fall due, and the call that is made only once."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import dramatiq
from dramatiq.common import q_name

from . import keys
from .connection import Link
from .errors import DuplicateJobError
from .facts import Facts
from .jobs import Job
from .records import fresh_record, job_from
from .scripts import Accepted, Again, Call, Known, QueueScripts
from .store import LONGEST_ID

LARGEST_BATCH = 1000
LONGEST_DELAY_MS = 100 * 365 * 86_400_000
LATEST_DUE_US = 253_402_300_799_999_968
"""The last moment of the year 9999 that a score in Redis holds; RFC 3339 can write no later year."""


def one_queue(messages: Sequence[dramatiq.Message[Any]]) -> str:
    """The queue of messages that can be accepted in one call.

    Raises:
      ValueError: they are of several queues, too many or none, or an id is too long.
      DuplicateJobError: two of them have the same id.
    """
    names = {q_name(m.queue_name) for m in messages}
    if len(names) != 1 or len(messages) > LARGEST_BATCH:
        raise ValueError(f"expected 1 to {LARGEST_BATCH} messages of one queue, got {len(messages)} of {sorted(names)}")
    for m in messages:
        if not 0 < len(m.message_id) <= LONGEST_ID:
            raise ValueError(f"an id has 1 to {LONGEST_ID} characters, got {len(m.message_id)}")
    twice = [id for id, times in Counter(m.message_id for m in messages).items() if times > 1]
    if twice:
        raise DuplicateJobError(f"Several messages have id {twice[0]}; nothing was enqueued. Give each its own.")
    return names.pop()


def due_of(messages: Sequence[dramatiq.Message[Any]], delay_ms: float | None, due_at_us: int | None) -> tuple[str, int]:
    """When jobs fall due, as ``accept.lua`` takes it: now, after so many µs, or at so many µs since the epoch.

    Raises:
      ValueError: the delay or the time is too long.
    """
    # A program that speaks to the stock broker may have put the due time into the message (ms since the epoch). It
    # must not stay there: a worker would hold the job in its memory until then.
    etas = [message.options.pop("eta", None) for message in messages]
    if due_at_us is None and delay_ms is None and isinstance(etas[0], (int, float)):
        due_at_us = int(etas[0]) * 1000
    if due_at_us is not None:
        if due_at_us > LATEST_DUE_US:
            raise ValueError(f"a job can fall due until the end of the year 9999, got {due_at_us} µs since the epoch")
        return "at", due_at_us
    return ("now", 0) if delay_ms is None else ("after", checked_delay_ms(delay_ms) * 1000)


def checked_delay_ms(delay_ms: float) -> int:
    """A delay in whole milliseconds.

    Raises:
      ValueError: it is longer than a century.
    """
    if not delay_ms <= LONGEST_DELAY_MS:
        raise ValueError(f"a job can be delayed by {LONGEST_DELAY_MS} ms (100 years) at most, got {delay_ms}")
    return int(delay_ms)


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
        *,
        link: Callable[[], Link],
        scripts: Callable[[str], QueueScripts],
        patiently: Callable[[Callable[[], Any]], Any],
        get: Callable[[str], Job | None],
        facts: Callable[[dramatiq.Message[Any]], Facts],
    ) -> None:
        self._link = link
        self._scripts = scripts
        self._patiently = patiently
        self._get = get
        self._facts = facts
        self._caller = Caller()
        self._known_queues: set[str] = set()

    def accept(self, queue: str, messages: Sequence[dramatiq.Message[Any]], due: tuple[str, int]) -> list[Job]:
        """Accept them, to run as ``due`` says (:func:`due_of`).

        Raises:
          as :meth:`LifoBroker.accept`.
        """
        kind, time_us = due
        jobs = [(m.message_id, m.actor_name, m.encode()) for m in messages]
        call = self._caller.new_call()

        def send() -> Accepted | Known | Again:
            self._register(queue)
            return self._scripts(queue).accept(jobs, kind=kind, time_us=time_us, call=call)

        answer = self._patiently(send)
        if isinstance(answer, Known):
            raise DuplicateJobError(
                f"A job with id {answer.id} exists already; nothing was enqueued. Send a new message instead."
            )
        if isinstance(answer, Again):
            return [job for job in map(self._get, (m.message_id for m in messages)) if job is not None]
        return [self._fresh_job(m, answer.first_seq + i, answer.due_us) for i, m in enumerate(messages)]

    def _register(self, queue: str) -> None:
        if queue not in self._known_queues:
            self._link().call("SADD", keys.queues(), queue)
            self._known_queues.add(queue)

    def _fresh_job(self, message: dramatiq.Message[Any], seq: int, due_us: int | None) -> Job:
        record = fresh_record(message.actor_name, seq, due_us)
        return job_from(message.message_id, q_name(message.queue_name), record, message, self._facts)
