"""The jobs of one queue in memory, moved as the scripts move them in Redis (docs/promise.md)."""

from __future__ import annotations

from collections.abc import Iterator

from ..commands.types import NO_SUBJECT, Settlement, Subject
from ..enqueue.generated import generated_place
from ..errors import DuplicateJobError
from ..jobs import JobStatus
from .clock import StubClock
from .stub_entry import LETTERS, NEW, Entry
from .stub_order import StubOrder
from .stub_subjects import StubSubjects


class StubQueue:
    """One queue. Jobs may be claimed at any time, unless it is ``gated``: then windows let them through."""

    def __init__(self, clock: StubClock, *, gated: bool, crash_limit: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._unended: dict[str, Entry] = {}
        self._subjects = StubSubjects()
        self.order = StubOrder(clock)
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
        self.order.begin_window()

    def close_window(self) -> None:
        """Let nothing through."""
        self._is_open = False
        self.order.end_window()

    def accept(
        self,
        id: str,
        task: str,
        body: bytes,
        *,
        due_us: int | None = None,
        expires_us: int | None = None,
        subject: Subject = NO_SUBJECT,
        group: str = "",
        generated_us: int | None = None,
    ) -> None:
        """A new job, to run at once or from ``due_us`` on, and claimed before ``expires_us`` if it is to run. It takes
        the turn of older ones of its subject. ``group``: the digest of its group; ``generated_us``: what it goes by in
        place of its seq.

        Raises:
          DuplicateJobError: there is one with this id.
        """
        if id in self.entries:
            raise DuplicateJobError(f"A job with id {id} exists already. Send a new message instead.")
        self._last_seq = max(self._last_seq + 1, self._clock.now_us())
        at_first = None if due_us is None else 0
        entry = Entry(id, body, NEW)
        entry.note(seq=self._last_seq, place=at_first, task=task, due=due_us, entered=at_first, expires=expires_us)
        entry.note(subject=subject.digest or None, group=group or None)
        if generated_us is not None:
            place = self._place_of(generated_us, entry)
            entry.note(place=place, generated=place)
        self._move(entry, JobStatus.QUEUED if due_us is None else JobStatus.SCHEDULED)
        self.entries[id] = entry
        if newer := self._newer(entry):
            entry.note(superseded_by=newer)
            self._end(entry, JobStatus.SUPERSEDED)
        else:
            self._take_over(entry, subject.max_defer_us, stops_running=subject.supersede_running)

    def _place_of(self, generated_us: int, entry: Entry) -> int:
        """As ``place_by_generation.lua``: the next place that no other one has."""
        place = generated_place(generated_us, entry.record.seq)
        waiting = {other.place for other in self._unended.values() if other.status is JobStatus.QUEUED}
        taken = waiting | self._subjects.ages(entry)
        while place < entry.record.seq and place in taken:
            place += 1
        return place

    def runs_any(self) -> bool:
        """Whether a job runs."""
        return bool(self._running())

    def waits_any(self) -> bool:
        """Whether a job waits to be claimed."""
        return bool(self._stack())

    def next_due_us(self) -> int | None:
        """When the next job falls due; None: none waits for its time."""
        dues = [entry.record.due or 0 for entry in self._unended.values() if entry.status is JobStatus.SCHEDULED]
        return min(dues, default=None)

    def claimable(self) -> list[Entry]:
        """The jobs that wait to be claimed, the next one first."""
        return self.order.sorted(self._stack())

    def _stack(self) -> list[Entry]:
        """What waits now, from the top to the bottom."""
        self._expire()
        self._promote()
        waiting = [entry for entry in self._unended.values() if entry.status is JobStatus.QUEUED]
        return sorted(waiting, key=lambda entry: (entry.place, entry.id), reverse=True)

    def _running(self) -> list[Entry]:
        return [entry for entry in self._unended.values() if entry.status is JobStatus.RUNNING]

    def claim(self) -> Entry | None:
        """Claim the next job; None: none waits, or none may be claimed."""
        stack = self._stack()
        entry = self.order.take(stack, self._running()) if self.is_open else None
        if entry is None:
            return None
        if self._credits is not None:
            self._credits -= 1
        attempts = entry.record.attempts + 1
        if entry.record.behind:
            self._take_over(entry)
        entry.number = entry.record.seq + attempts
        self._move(entry, JobStatus.RUNNING, attempts=attempts, started=self._clock.now_us(), worker="stub")
        return entry

    def settle(self, settlement: Settlement) -> None:
        """The end of an attempt; one whose lease ran out changes nothing."""
        entry = self.entries.get(settlement.id)
        if entry is None or entry.number != settlement.number or entry.status is not JobStatus.RUNNING:
            return
        if settlement.failure:
            entry.failure = b"%d " % self._clock.now_us() + settlement.failure
        match settlement.outcome:
            case "put_back":
                self._come_back(entry)
            case "retry":
                entry.body = settlement.message
                entry.note(lost=None)
                self._come_back(entry, settlement.delay_us)
            case "cancelled" if entry.record.superseded_by:
                self._end(entry, JobStatus.SUPERSEDED)
            case "cancelled":
                self._end(entry, JobStatus.CANCELLED, entry.record.cancel or settlement.reason)
            case outcome:
                entry.result = settlement.result
                self._end(entry, JobStatus(outcome), settlement.reason)

    def lose_lease(self, entry: Entry) -> None:
        """Its worker has died: back to its own place, or rejected when that happened too often in a row."""
        entry.note(lost=(entry.record.lost or 0) + 1)
        if (entry.record.lost or 0) >= self._crash_limit:
            self._end(entry, JobStatus.REJECTED, "worker_lost")
        else:
            self._come_back(entry)

    def cancel(self, entry: Entry, reason: str) -> None:
        """One that waits ends at once; one that runs is asked to stop."""
        if entry.status is JobStatus.RUNNING:
            entry.ask_to_stop(reason)
        else:
            self._end(entry, JobStatus.CANCELLED, reason)

    def put_on_top(self, entry: Entry, body: bytes) -> None:
        """An operator's retry; nothing happens if a newer job of its subject waits, runs or was processed."""
        if self._newer(entry):
            return
        now = self._clock.now_us()
        self._take_over(entry)
        entry.body, entry.progress = body, b""
        self._last_seq = max(self._last_seq + 1, now)
        entry.note(due=None, lost=None, cancel=None, finished=None, reason=None, expires=None)
        entry.note(since=entry.record.since or now)
        self._move(entry, JobStatus.QUEUED, place=self._last_seq, entered=now)

    def _take_over(self, entry: Entry, max_defer_us: int = 0, *, stops_running: bool = False) -> None:
        if not entry.record.subject:
            return
        self._expire()
        for older in self._subjects.running_before(entry) if stops_running else ():
            older.ask_to_stop("superseded", by=entry.id)
        for older in self._subjects.take_over(entry, self._clock.now_us(), max_defer_us):
            older.note(superseded_by=entry.id)
            self._end(older, JobStatus.SUPERSEDED)

    def _newer(self, entry: Entry) -> str | None:
        self._expire()
        return self._subjects.newest_after(entry)

    def _come_back(self, entry: Entry, delay_us: int = 0) -> None:
        now = self._clock.now_us()
        if entry.record.subject and not entry.record.cancel:
            entry.note(superseded_by=self._newer(entry), since=now)
        if entry.record.superseded_by:
            self._end(entry, JobStatus.SUPERSEDED)
        elif entry.record.cancel:
            self._end(entry, JobStatus.CANCELLED, entry.record.cancel)
        elif delay_us:
            self._move(entry, JobStatus.SCHEDULED, due=now + delay_us)
        else:
            self._move(entry, JobStatus.QUEUED, entered=now)

    def _expire(self) -> None:
        now = self._clock.now_us()
        for entry in list(self._unended.values()):
            if entry.waits and entry.record.expires is not None and entry.record.expires <= now:
                self._end(entry, JobStatus.EXPIRED, "deadline")

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
        self._subjects.forget()

    def _end(self, entry: Entry, status: JobStatus, reason: str | None = None) -> None:
        by = entry.record.superseded_by if status is JobStatus.SUPERSEDED else None
        reason = reason or entry.record.reason
        self._move(entry, status, finished=self._clock.now_us(), reason=reason, superseded_by=by)

    def _move(self, entry: Entry, status: JobStatus, **changes: object) -> None:
        entry.note(status=LETTERS[status], **changes)
        if status is not JobStatus.RUNNING:
            entry.delivery = None
        if status.is_final:
            self._unended.pop(entry.id, None)
        else:
            self._unended[entry.id] = entry
        self._subjects.follow(entry)
