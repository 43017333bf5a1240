"""The jobs of one queue in memory, moved as the scripts move them in Redis (docs/promise.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..commands.layout import STATUS_LETTERS, Record
from ..commands.types import Settlement
from ..errors import DuplicateJobError
from ..jobs import JobStatus
from .clock import StubClock

LETTERS = {status: letter for letter, status in STATUS_LETTERS.items()}

NEW = Record("", 0, None, "", 0, None, None, None, None, None, None, None, None, None, None)


@dataclass(slots=True)
class Entry:
    """A job. ``exception``: what the last attempt raised; ``number``: of the claim that runs it now."""

    id: str
    body: bytes
    record: Record
    result: bytes = b""
    failure: bytes = b""
    progress: bytes = b""
    exception: BaseException | None = None
    number: int = 0

    @property
    def status(self) -> JobStatus:
        """Where it is in its life."""
        return STATUS_LETTERS[self.record.status]

    @property
    def place(self) -> int:
        """Where it lies in the stack."""
        return self.record.place or self.record.seq


class StubQueue:
    """One queue. Jobs may be claimed at any time, unless it is ``gated``: then windows let them through."""

    def __init__(self, clock: StubClock, *, gated: bool, crash_limit: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._unended: dict[str, Entry] = {}
        self._clock = clock
        self._crash_limit = crash_limit
        self._is_open = not gated
        self._credits: int | None = None
        self._closes_at_us: int | None = None
        self._last_seq = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self.entries.values()))

    @property
    def is_open(self) -> bool:
        """Whether a job may be claimed now."""
        in_time = self._closes_at_us is None or self._clock.now_us() < self._closes_at_us
        return self._is_open and in_time and self._credits != 0

    def open_window(self, credits: int | None, closes_at_us: int | None) -> None:
        """Let so many jobs through, until then; None: no bound."""
        self._is_open, self._credits, self._closes_at_us = True, credits, closes_at_us

    def close_window(self) -> None:
        """Let nothing through."""
        self._is_open = False

    def accept(self, id: str, task: str, body: bytes, *, due_us: int | None, expires_us: int | None) -> None:
        """A new job, to run at once or from ``due_us`` on, and claimed before ``expires_us`` if it is to run.

        Raises:
          DuplicateJobError: there is one with this id.
        """
        if id in self.entries:
            raise DuplicateJobError(f"A job with id {id} exists already. Send a new message instead.")
        self._last_seq = max(self._last_seq + 1, self._clock.now_us())
        letter = LETTERS[JobStatus.QUEUED if due_us is None else JobStatus.SCHEDULED]
        at_first = None if due_us is None else 0
        record = NEW._replace(status=letter, seq=self._last_seq, place=at_first, task=task, due=due_us)
        record = record._replace(entered=at_first, expires=expires_us)
        self.entries[id] = self._unended[id] = Entry(id, body, record)

    def runs_any(self) -> bool:
        """Whether a job runs."""
        return any(entry.status is JobStatus.RUNNING for entry in self._unended.values())

    def next_due_us(self) -> int | None:
        """When the next job falls due; None: none waits for its time."""
        dues = [entry.record.due or 0 for entry in self._unended.values() if entry.status is JobStatus.SCHEDULED]
        return min(dues, default=None)

    def claimable(self) -> list[Entry]:
        """The jobs that wait to be claimed, the next one first."""
        self._expire()
        self._promote()
        waiting = [entry for entry in self._unended.values() if entry.status is JobStatus.QUEUED]
        return sorted(waiting, key=lambda entry: entry.place, reverse=True)

    def claim(self) -> Entry | None:
        """Claim the next job; None: none waits, or none may be claimed."""
        waiting = self.claimable()
        if not waiting or not self.is_open:
            return None
        if self._credits is not None:
            self._credits -= 1
        entry, attempts = waiting[0], waiting[0].record.attempts + 1
        entry.number = entry.record.seq + attempts
        self._move(entry, JobStatus.RUNNING, attempts=attempts, started=self._clock.now_us(), worker="stub", due=None)
        return entry

    def settle(self, settlement: Settlement) -> None:
        """The end of an attempt; one whose lease ran out changes nothing."""
        entry = self.entries.get(settlement.id)
        if entry is None or entry.number != settlement.number or entry.status is not JobStatus.RUNNING:
            return
        now = self._clock.now_us()
        if settlement.failure:
            entry.failure = b"%d " % now + settlement.failure
        match settlement.outcome:
            case "put_back":
                self._move(entry, JobStatus.QUEUED, worker=None)
            case "retry":
                entry.body = settlement.message
                self._move(entry, JobStatus.SCHEDULED, due=now + settlement.delay_us, worker=None, lost=None)
            case outcome:
                entry.result = settlement.result
                self._move(entry, JobStatus(outcome), finished=now, reason=settlement.reason or None)

    def lose_lease(self, entry: Entry) -> None:
        """Its worker has died: back to its own place, or rejected when that happened too often in a row."""
        lost = (entry.record.lost or 0) + 1
        if lost >= self._crash_limit:
            self._move(entry, JobStatus.REJECTED, lost=lost, finished=self._clock.now_us(), reason="worker_lost")
        else:
            self._move(entry, JobStatus.QUEUED, lost=lost, worker=None)

    def cancel(self, entry: Entry, reason: str) -> None:
        """One that waits ends at once; one that runs is asked to stop."""
        if entry.status is JobStatus.RUNNING:
            entry.record = entry.record._replace(cancel=reason)
        else:
            self._move(entry, JobStatus.CANCELLED, finished=self._clock.now_us(), reason=reason, due=None)

    def put_on_top(self, entry: Entry, body: bytes) -> None:
        """An operator's retry."""
        entry.body = body
        self._last_seq = max(self._last_seq + 1, self._clock.now_us())
        now = {"place": self._last_seq, "entered": self._last_seq}
        self._move(entry, JobStatus.QUEUED, **now, finished=None, reason=None, expires=None)

    def _expire(self) -> None:
        now = self._clock.now_us()
        for entry in list(self._unended.values()):
            is_late = entry.record.expires is not None and entry.record.expires <= now
            if is_late and entry.status in (JobStatus.QUEUED, JobStatus.SCHEDULED):
                self._move(entry, JobStatus.EXPIRED, finished=now, reason="deadline", due=None)

    def _promote(self) -> None:
        now = self._clock.now_us()
        for entry in self._unended.values():
            due = entry.record.due or 0
            if entry.status is JobStatus.SCHEDULED and due <= now:
                # Delayed jobs get their place when they fall due; retries have theirs.
                place = due if entry.record.place == 0 else entry.record.place
                self._move(entry, JobStatus.QUEUED, place=place, entered=now)

    def forget(self) -> None:
        """Have no job any more."""
        self.entries.clear()
        self._unended.clear()

    def _move(self, entry: Entry, status: JobStatus, **changes: object) -> None:
        entry.record = entry.record._replace(status=LETTERS[status], **changes)  # type: ignore[arg-type]
        if status.is_final:
            self._unended.pop(entry.id, None)
        else:
            self._unended[entry.id] = entry
