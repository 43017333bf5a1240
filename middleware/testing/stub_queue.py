"""The jobs of one queue in memory, moved as the scripts move them in Redis (docs/promise.md)."""

from __future__ import annotations

from collections.abc import Iterator

from ..commands.layout import STATUS_LETTERS, Record
from ..commands.types import NO_SUBJECT, Settlement, Subject
from ..errors import DuplicateJobError
from ..jobs import JobStatus
from .clock import StubClock
from .stub_entry import Entry
from .stub_subjects import newer, take_over

LETTERS = {status: letter for letter, status in STATUS_LETTERS.items()}

NEW = Record("", 0, None, "", 0, None, None, None, None, None, None, None, None, None, None)


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

    def accept(
        self,
        id: str,
        task: str,
        body: bytes,
        *,
        due_us: int | None = None,
        expires_us: int | None = None,
        subject: Subject = NO_SUBJECT,
    ) -> None:
        """A new job, to run at once or from ``due_us`` on, and claimed before ``expires_us`` if it is to run; it takes
        the turn of older ones of its subject.

        Raises:
          DuplicateJobError: there is one with this id.
        """
        if id in self.entries:
            raise DuplicateJobError(f"A job with id {id} exists already. Send a new message instead.")
        self._last_seq = max(self._last_seq + 1, self._clock.now_us())
        letter = LETTERS[JobStatus.QUEUED if due_us is None else JobStatus.SCHEDULED]
        at_first = None if due_us is None else 0
        record = NEW._replace(status=letter, seq=self._last_seq, place=at_first, task=task, due=due_us)
        record = record._replace(entered=at_first, expires=expires_us, subject=subject.digest or None)
        self.entries[id] = self._unended[id] = entry = Entry(id, body, record)
        self._take_over(entry, max_defer_us=subject.max_defer_us, stops_running=subject.supersede_running)

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
        self._take_over(entry)
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
                self._put_back(entry, JobStatus.QUEUED)
            case "retry":
                entry.body = settlement.message
                self._put_back(entry, JobStatus.SCHEDULED, due=now + settlement.delay_us, lost=None)
            case "cancelled" if entry.record.superseded_by:
                self._move(entry, JobStatus.SUPERSEDED, finished=now)
            case "cancelled" if entry.record.cancel:
                self._move(entry, JobStatus.CANCELLED, finished=now, reason=entry.record.cancel)
            case outcome:
                entry.result = settlement.result
                self._move(entry, JobStatus(outcome), finished=now, reason=settlement.reason or None)

    def lose_lease(self, entry: Entry) -> None:
        """Its worker has died: back to its own place, or rejected when that happened too often in a row."""
        lost = (entry.record.lost or 0) + 1
        if lost >= self._crash_limit:
            self._move(entry, JobStatus.REJECTED, lost=lost, finished=self._clock.now_us(), reason="worker_lost")
        else:
            self._put_back(entry, JobStatus.QUEUED, lost=lost)

    def cancel(self, entry: Entry, reason: str) -> None:
        """One that waits ends at once; one that runs is asked to stop."""
        if entry.status is JobStatus.RUNNING:
            entry.record = entry.record._replace(cancel=reason)
        else:
            self._move(entry, JobStatus.CANCELLED, finished=self._clock.now_us(), reason=reason, due=None)

    def put_on_top(self, entry: Entry, body: bytes) -> None:
        """An operator's retry; nothing happens to a job whose subject has a newer one."""
        if newer(entry, self.entries.values()) is not None:
            return
        entry.body = body
        self._last_seq = max(self._last_seq + 1, self._clock.now_us())
        now = {"place": self._last_seq, "entered": self._last_seq}
        self._move(entry, JobStatus.QUEUED, **now, finished=None, reason=None, expires=None)
        self._take_over(entry)

    def _take_over(self, entry: Entry, *, max_defer_us: int = 0, stops_running: bool = False) -> None:
        if entry.record.subject is None:
            return
        now = self._clock.now_us()
        others = list(self._unended.values())
        for older in take_over(entry, others, now, max_defer_us=max_defer_us, stops_running=stops_running):
            self._move(older, JobStatus.SUPERSEDED, finished=now, superseded_by=entry.id, due=None)

    def _put_back(self, entry: Entry, status: JobStatus, **changes: object) -> None:
        now, by = self._clock.now_us(), newer(entry, self.entries.values())
        if by is not None and not entry.record.cancel:
            self._move(entry, JobStatus.SUPERSEDED, finished=now, superseded_by=by.id)
        elif entry.record.superseded_by:
            self._move(entry, JobStatus.SUPERSEDED, finished=now)
        elif entry.record.cancel:
            self._move(entry, JobStatus.CANCELLED, finished=now, reason=entry.record.cancel)
        else:
            self._move(entry, status, worker=None, since=now if entry.record.subject else None, **changes)

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
