"""The history of a queue, replayed from its event log against a model of its own.

The model shares nothing with the scripts but the words of the log: it keeps the waiting jobs in heaps, computes every
place from what was accepted, knows the moves that ``jobs.TRANSITIONS`` allows, and counts the claims of each window.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any

from middleware.commands.layout import STATUS_LETTERS
from middleware.jobs import TRANSITIONS, JobStatus

from .event_log import Event
from .findings import Findings
from .known import BACK_BY, OUTCOMES, KnownJob
from .known_gate import KnownGate, KnownRule
from .known_groups import KnownGroups
from .known_subjects import KnownSubjects

MOST_APART = 2048
"""So far above the time when a job was generated its place may be, since others have those below (µs)."""


class HistoryChecker:
    """Replays the events of one queue, one by one, and says what can't be.

    Errors, by kind: ``out of order``, ``passed over`` (a claim while a delayed job was due and not on the stack),
    ``wrong place``, ``in two states``, ``double settle``, ``impossible move``, ``unknown job``,
    ``unexplained duplicate``, ``lost``, ``claimed late`` and ``expired early`` (by its deadline),
    ``dropped too early`` (for want of room), ``stale work`` and
    ``superseded in vain`` (by its subject), ``bound overrun`` and ``out of turn`` (by its group); of the gate:
    ``claimed in a pause``, ``closed gate``, ``wrong end``, ``credits overrun``, ``wrong order``. Whether Redis has in
    the end what the history tells, ``kept.compare`` looks up.
    """

    def __init__(
        self, queue: str = "default", *, fate_of: Callable[[str], str | None] = lambda worker: "lease lost"
    ) -> None:
        """``fate_of`` tells, by a worker's name, what explains that it lost a lease, None if nothing does."""
        self.queue = queue
        self.found = Findings()
        self.jobs: dict[str, KnownJob] = {}
        self.gate = KnownGate()
        self._waiting = KnownGroups()
        self._subjects = KnownSubjects()
        self._dues: list[tuple[int, str]] = []
        self._last_number = 0
        self._unfinished = 0
        self._fate_of = fate_of

    @property
    def is_green(self) -> bool:
        """True while nothing is wrong."""
        return not self.found.errors

    def unfinished(self) -> int:
        """How many jobs wait or run, as the model sees it."""
        return self._unfinished

    def replay(self, events: Iterable[Event]) -> None:
        """Go on with these events."""
        for kind, now_us, id, *words in events:
            getattr(self, f"_{kind}")(now_us, id, *words)

    def _policy(  # noqa: PLR0917 - the words of the log
        self, now_us: int, mode: str, order: str, share_ppm: int, above_us: int = 0, below_us: int = 0, *limits: Any
    ) -> None:
        self.gate.put_policy(mode, order, share_ppm, above_us, below_us)
        self._waiting.put_policy(*limits)

    def _grouping(self, now_us: int, word: str) -> None:
        self._waiting.switch(word)

    def _round(self, now_us: int, number: int) -> None:
        for kind, text in self._waiting.begin_round():
            self.found.add(kind, f"round {number}: {text}")

    def _order(self, now_us: int, order: str, waited_us: int) -> None:
        known_us = self._waited_us(now_us)
        if waited_us != (known_us or 0):
            self.found.add("wrong order", f"the oldest job had waited {known_us} µs, and not {waited_us}")
        self.gate.order_now = order

    def _waited_us(self, now_us: int) -> int | None:
        """How far back the lowest place lies; None when no job waits."""
        lowest = self._waiting.lowest()
        return None if lowest is None else max(0, now_us - lowest)

    def _pause(self, now_us: int, by: str) -> None:
        self.gate.is_paused = True

    def _resume(self, now_us: int, by: str) -> None:
        self.gate.is_paused = False

    def _open(  # noqa: PLR0917 - the words of the log
        self,
        now_us: int,
        number: int,
        credits: int | bool,
        order: str,
        share_ppm: int,
        closes_at_us: int | bool,
        above_us: int = 0,
        below_us: int = 0,
    ) -> None:
        self.found.windows += 1
        rule = KnownRule(order, share_ppm, credits or None, closes_at_us or None, above_us, below_us)
        self.gate.open_window(number, rule)

    def _close(self, now_us: int, number: int, reason: str) -> None:
        self.gate.close_window(number)

    def _accept(  # noqa: PLR0917 - the words of the log
        self,
        now_us: int,
        id: str,
        seq: int,
        due_us: int,
        expires_us: int = 0,
        subject: str = "",
        group: str = "",
        generated_us: int = -1,
        place: int = 0,
    ) -> None:
        if id in self.jobs:
            self.found.add("in two states", f"{id} was accepted again")
        if seq <= self._last_number:
            self.found.add("wrong place", f"{id} got seq {seq}, not above {self._last_number}")
        self._last_number = max(self._last_number, seq)
        self.found.accepted += 1
        self._unfinished += 1
        if generated_us >= 0:
            lowest = max(1, min(generated_us, seq))
            if not lowest <= place <= min(seq, lowest + MOST_APART):
                self.found.add("wrong place", f"{id}, generated at {generated_us}, is at {place} instead of {lowest}")
        if due_us:
            self.jobs[id] = KnownJob(JobStatus.SCHEDULED, seq, place or None, due_us)
            heapq.heappush(self._dues, (due_us, id))
        else:
            self.jobs[id] = KnownJob(JobStatus.QUEUED, seq, place or seq, 0)
            self._waiting.add(id, place or seq, group)
        self.jobs[id].age = place or seq
        self.jobs[id].expires_us, self.jobs[id].group = expires_us, group
        self._subjects.add(id, self.jobs[id], subject)

    def _supersede(self, now_us: int, id: str, by: str) -> None:
        job = self._move(id, JobStatus.SUPERSEDED, "supersede")
        if job is not None and by not in self._subjects.newer(job):
            self.found.add("superseded in vain", f"{id} was superseded by {by}, which is no newer job of its subject")
        self.found.superseded += 1

    def _expire(self, now_us: int, id: str, reason: str = "deadline") -> None:
        lowest = self._waiting.lowest() if reason == "overflow" else None
        job = self._move(id, JobStatus.EXPIRED, "expire")
        if job is not None and reason == "overflow" and job.place != lowest:
            self.found.add("dropped too early", f"{id} at {job.place} was dropped while {lowest} waited")
        if job is not None and reason == "deadline" and not job.is_late(now_us):
            self.found.add("expired early", f"{id} expired, and its deadline is {job.expires_us or 'none'}")
        self.found.expired += 1

    def _promote(self, now_us: int, id: str, place: int) -> None:
        job = self._move(id, JobStatus.QUEUED, "promote", only_from=JobStatus.SCHEDULED)
        if job is None:
            return
        if job.due_us > now_us:
            self.found.add("impossible move", f"{id} was put on the stack {job.due_us - now_us} µs before it was due")
        self._check_place(id, job, place)
        self._waiting.add(id, place, job.group)

    def _claim(  # noqa: PLR0917 - the words of the log
        self, now_us: int, id: str, attempt: int, place: int, is_top: bool, window: int, worker: str
    ) -> None:
        self._check_dues(now_us, id)
        for kind, text in self.gate.check_order(now_us, window, self._waited_us):
            self.found.add(kind, f"{id}: {text}")
        right = self._waiting.right(is_top)
        for kind, text in self._waiting.claim(self.jobs[id].group) if id in self.jobs else ():
            self.found.add(kind, f"{id}: {text}")
        job = self._move(id, JobStatus.RUNNING, "claim", only_from=JobStatus.QUEUED, error="in two states")
        if job is None:
            return
        if place != right:
            end = "top" if is_top else "bottom"
            self.found.add("out of order", f"{id} at {place} was claimed from the {end} while {right} waited")
        for newer in self._subjects.newer(job, has_begun=True):
            self.found.add("stale work", f"{id} was claimed, and {newer}, a newer one of its subject, runs or has")
        if job.is_late(now_us):
            self.found.add("claimed late", f"{id} was claimed {now_us - job.expires_us} µs after its deadline")
        self._check_place(id, job, place)
        for kind, text in self.gate.claim(now_us, is_top, window):
            self.found.add(kind, f"{id}: {text}")
        job.worker, job.claimed_at_us = worker, now_us
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
        self._return(id, status, "settle", BACK_BY.get(outcome))

    def _reclaim(self, now_us: int, id: str, attempt: int, letter: str) -> None:
        job = self.jobs.get(id)
        self._return(id, STATUS_LETTERS[letter], "reclaim", self._fate_of(job.worker) if job else None)

    def _recover(self, now_us: int, id: str, attempt: int, letter: str) -> None:
        self._return(id, STATUS_LETTERS[letter], "recover", "answer lost")

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
        self.found.cancelled += 1

    def _cancel_asked(self, now_us: int, id: str) -> None:
        job = self.jobs.get(id)
        if job is None or job.status is not JobStatus.RUNNING:
            self.found.add("impossible move", f"{id} was asked to stop and doesn't run")
        else:
            job.is_cancel_asked = True

    def _retry(self, now_us: int, id: str, place: int) -> None:
        job = self._move(id, JobStatus.QUEUED, "retry")
        if job is None:
            return
        if place <= self._last_number:
            self.found.add("wrong place", f"{id} was revived at {place}, not above {self._last_number}")
        self._last_number = max(self._last_number, place)
        job.place, job.back_by, job.expires_us = place, "revived", 0
        self._waiting.add(id, place, job.group)

    def _delete(self, now_us: int, id: str) -> None:
        job = self.jobs.pop(id, None)
        if job is None:
            self.found.add("unknown job", f"{id} was deleted and isn't there")
        elif not job.status.is_final:
            self._unfinished -= 1
        if job is not None and job.status is JobStatus.RUNNING:
            self.found.add("lost", f"{id} was deleted while it ran")
        self._waiting.discard(id)
        if job is not None:
            self._subjects.discard(id, job)
        self.found.forgotten += 1

    def _return(self, id: str, status: JobStatus, by: str, why: str | None) -> None:
        """From running to wherever the end of the attempt leads."""
        job = self._move(id, status, by, only_from=JobStatus.RUNNING)
        if job is None:
            return
        if job.is_cancel_asked and not status.is_final:
            self.found.add("impossible move", f"{id} was asked to stop and is {status} again")
        if not status.is_final and (newer := self._subjects.newer(job)):
            self.found.add("stale work", f"{id} is {status} again, beside {newer}, newer ones of its subject")
        job.back_by, job.due_us, job.is_cancel_asked = why, 0, False
        self.found.cancelled += status is JobStatus.CANCELLED
        if status is JobStatus.QUEUED and job.place is not None:
            self._waiting.add(id, job.place, job.group)

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
        before, job.status = job.status, to
        self._subjects.note(id, job)
        self._waiting.note(job, before)
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
