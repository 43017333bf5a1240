"""What a queue promises, in plain Python: the scripts must give the same answers and leave the same state.

Written from the promise (docs/promise.md) and the headers of the scripts, without any index or key: one table of
jobs, one of windows. The order of the stack is looked up by sorting what waits.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import count

from middleware.commands.types import Settlement

from .entries import (
    CANCELLED,
    EXPIRED,
    FINAL,
    PROCESSED,
    QUEUED,
    REJECTED,
    RUNNING,
    SCHEDULED,
    SUPERSEDED,
    ModelJob,
    Token,
)
from .model_room import ModelRoom
from .model_subjects import NO_SUBJECT

TIES_APART = 1024
"""Places for jobs that were generated in the same µs."""


class Model(ModelRoom):
    """A queue. Every method is one call of a script and returns what that script has to answer."""

    def accept(
        self,
        messages: Sequence[tuple[str, bytes]],
        kind: str,
        time_us: int,
        *,
        expires_in_us: int | None = None,
        subjects: Sequence[tuple[str | None, int, bool]] = (),
        most: int = 0,
        drops_oldest: bool = False,
        most_bytes: int = 0,
        generated: Sequence[int | None] = (),
    ) -> tuple[int, int | None] | None:
        """The first seq and the due time; None when an id is known."""
        if any(id in self.jobs for id, _ in messages):
            return None
        if most or most_bytes:
            after = deepcopy(self)
            after.accept(messages, kind, time_us, subjects=subjects, generated=generated)
            if not self._has_room(after, {id for id, _ in messages}, most, most_bytes, drops_oldest):
                return None
        due: int | None = {"now": 0, "after": self.now + time_us, "at": time_us}[kind]
        due = due if due and due > self.now else None
        first = max(self.last_seq + 1, self.now)
        subjects = subjects or [NO_SUBJECT] * len(messages)
        for seq, (id, message), about in zip(count(first), messages, subjects, strict=False):
            job = self.jobs[id] = ModelJob(id, seq, None if due else seq, message, due=due, subject=about[0])
            job.status = SCHEDULED if due else QUEUED
            job.generated_at = time = generated[seq - first] if generated else None
            if time is not None and self.is_by_generation:
                job.place = job.generated = self._place_by_generation(time, job)
            job.expires = None if expires_in_us is None else self.now + expires_in_us
            self.watch_deadline(job)
        self.last_seq = first + len(messages) - 1
        self.counters["accepted"] += len(messages)
        self._supersede_older([id for id, _ in messages], subjects)
        if drops_oldest:
            self._drop(most, most_bytes)
        return first, due

    def _place_by_generation(self, generated: int, job: ModelJob) -> int:
        """When it was generated, or a little above, where no other job waits or is known of its subject; no later than
        its seq. ``job`` isn't on the stack yet."""
        place = max(1, min(generated, job.seq))
        others = [other.place for other in self.stack() if other is not job and other.place is not None]
        ages = {other.age for other in self.alive(job.subject) if other is not job}
        while True:
            if place in others:
                run = range(place, place + TIES_APART)
                place += bisect(
                    run, False, key=lambda end: sum(place <= other <= end for other in others) <= end - place
                )
            if place >= job.seq:
                return job.seq
            if place not in ages:
                return place
            place += 1

    def _supersede_older(self, ids: Sequence[str], subjects: Sequence[tuple[str | None, int, bool]]) -> None:
        """Of each subject, the newest one of the call, unless a newer one is known."""
        about = {id: each for id, each in zip(ids, subjects, strict=True) if each[0] is not None}
        for subject in dict.fromkeys(each[0] for each in about.values()):
            its = sorted((self.jobs[id] for id, each in about.items() if each[0] == subject), key=lambda job: job.age)
            newest = its.pop()
            newer = self.newer(newest)
            for job in [*its, newest] if newer else its:
                job.superseded_by = newer or newest.id
                self._finish(job, SUPERSEDED, None)
            if not newer:
                _, max_defer, stops_running = about[newest.id]
                self.take_over(newest, max_defer, stops_running)
        if about:
            self._close_when_done()

    def claim(self, wanted: int, worker: str, lease: int) -> tuple[str, int, list[tuple[str, int, bytes]]]:
        """The gate's word, µs until the next job falls due, and the jobs in the order in which they are taken."""
        self.promote()
        if self.gate() != "open":
            return self.gate(), self.until_due(), []
        if self.is_full():
            return "full", self.until_due(), []
        window = self.open_window_now()
        taken: list[ModelJob] = []
        gone: set[str] = set()
        for job in self.take(wanted, window):
            if job.id in gone:
                break
            taken.append(job)
            if job.behind:
                gone |= self.take_over(job, 0, False)
            job.status, job.started, job.finished, job.worker = RUNNING, self.now, None, worker
            job.attempts, job.lease_end = job.attempts + 1, self.now + lease
            job.window = window.number if window else None
        self.counters["claimed"] += len(taken)
        if window:
            window.claimed += len(taken)
            window.outcomes["running"] += len(taken)
            self._close_when_done()
        else:
            self.claims_without_window += len(taken)
        jobs = [(*job.token, job.message) for job in taken]
        word = "empty" if not self.stack() else "full" if self.is_full() else "open"
        return word, self.until_due(), jobs

    def settle(self, settlements: Iterable[Settlement]) -> int:
        """How many tokens were stale."""
        return sum(self._settle(s) for s in settlements)

    def _settle(self, s: Settlement) -> bool:
        job = self.jobs.get(s.id)
        if job is None or job.status != RUNNING or job.token != (s.id, s.number):
            is_stale = job is None or job.settled != s.number
            self.counters["stale_settles"] += is_stale
            return is_stale
        job.settled = s.number
        job.result = s.result or job.result
        job.failure = b"%d %b" % (self.now, s.failure) if s.failure else job.failure
        job.message = s.message or job.message
        if s.outcome == "retry":
            job.lost = 0
            self.counters["retried"] += job.cancel is None and self.newer(job) is None
            self._try_again(job, "retried", s.delay_us)
        elif s.outcome == "put_back":
            self._try_again(job, "put_back")
        else:
            letter = {"processed": PROCESSED, "rejected": REJECTED, "cancelled": CANCELLED}[s.outcome]
            self.counters["processed"] += letter == PROCESSED
            if letter == CANCELLED and job.superseded_by is not None:
                self._end_attempt(job, SUPERSEDED, None)
                return False
            asked = job.cancel if letter == CANCELLED else None
            self._end_attempt(job, letter, asked or s.reason or None)
        return False

    def heartbeat(self, lease: int, silence: int, held: Iterable[Token]) -> list[tuple[str, str]]:
        """The tokens that need attention: lost or cancel."""
        self._pulse(lease, silence)
        words = []
        for id, number in held:
            job = self.jobs.get(id)
            if job and job.status == RUNNING and job.token == (id, number):
                job.lease_end = self.now + lease
                if job.cancel is not None:
                    words.append((id, "cancel"))
            elif job is None or job.settled != number:
                words.append((id, "lost"))
        return words

    def reclaim(self, lease: int, silence: int, crash_limit: int) -> tuple[int, list[tuple[str, str]]]:
        """µs until the next lease ends (-1: none), and what was put back or ended."""
        self._pulse(lease, silence)
        if self.grace_until > self.now:
            return self.grace_until - self.now, []
        moved = []
        lost = [job for job in self.of_status(RUNNING) if job.lease_end <= self.now]
        for job in sorted(lost, key=lambda job: (job.lease_end, job.id)):
            job.lost, times = 0, job.lost + 1
            if times >= crash_limit:
                self._end_attempt(job, REJECTED, "worker_lost")
            else:
                self._try_again(job, "put_back")
            job.lost = times
            moved.append((job.id, job.status))
        self.counters["reclaimed"] += len(moved)
        ends = [job.lease_end for job in self.of_status(RUNNING)]
        return max(0, min(ends) - self.now) if ends else -1, moved

    def recover(self, worker: str, held: Iterable[Token]) -> int:
        """How many claims of this worker were unknown to it."""
        known = dict(held)
        unknown = [j for j in self.of_status(RUNNING) if j.worker == worker and (j.id, known.get(j.id)) != j.token]
        for job in unknown:
            self._try_again(job, "put_back")
        return len(unknown)

    def cancel(self, id: str, reason: str) -> str:
        """What came of it."""
        job = self.jobs.get(id)
        if job is None:
            return "missing"
        if job.status == CANCELLED or (job.status == RUNNING and job.cancel is not None):
            return "already"
        if job.status == RUNNING:
            job.cancel = reason
            return "asked"
        if job.status in FINAL:
            return "finished"
        was = job.status
        self._finish(job, CANCELLED, reason)
        if was == QUEUED:
            self._close_when_done()
        return "cancelled"

    def retry(self, id: str, message: bytes) -> str:
        """What came of it."""
        job = self.jobs.get(id)
        if job is None:
            return "missing"
        if job.status not in (REJECTED, CANCELLED, EXPIRED):
            words = {RUNNING: "running", PROCESSED: "processed", SUPERSEDED: "superseded"}
            return words.get(job.status, "waiting")
        if self.newer(job) is not None:
            return "superseded"
        self.take_over(job, 0, False)
        job.since = (job.since or self.now) if job.subject is not None else None
        self.last_seq = max(self.last_seq + 1, self.now)
        job.status, job.place, job.message, job.lost = QUEUED, self.last_seq, message, 0
        job.cancel = job.reason = job.finished = job.due = job.expires = None
        self.counters["revived"] += 1
        return "queued"

    def prune(self, age: int, kept: int, kept_bytes: int) -> int:
        """How many finished jobs went, in the order in which they ended; windows go with age too."""
        self._forget_windows(self.now - age)
        finished = [job for job in self.jobs.values() if job.status in FINAL]
        finished.sort(key=lambda job: (job.finished, job.id))
        left, size, gone = len(finished), sum(job.kept_bytes for job in finished), 0
        for job in finished:
            if (job.finished or 0) > self.now - age and left <= kept and size <= kept_bytes:
                break
            left, size, gone = left - 1, size - job.kept_bytes, gone + 1
            self.forget(job)
        self.counters["pruned"] += gone
        return gone

    def flush(self) -> int:
        """How many waiting jobs went: the stack, or else what is scheduled."""
        dropped = self.of_status(QUEUED) or self.of_status(SCHEDULED)
        self.next_deadline = self.next_deadline if dropped else None
        for job in dropped:
            self.forget(job)
        self.counters["pruned"] += len(dropped)
        self._close_when_done()
        return len(dropped)

    def _pulse(self, lease: int, silence: int) -> None:
        last = self.heartbeat_at or 0
        if abs(self.now - last) > silence:
            self.grace_until = self.now + lease
            if last > self.now:
                for job in self.of_status(RUNNING):
                    job.lease_end = min(job.lease_end, self.grace_until)
        self.heartbeat_at = self.now

    def _try_again(self, job: ModelJob, outcome: str, delay: int = 0) -> None:
        if job.subject is not None and job.cancel is None:
            job.superseded_by, job.since = self.newer(job), self.now
        if job.superseded_by is not None:
            self._end_attempt(job, SUPERSEDED, None)
            return
        if job.cancel is not None:
            self._end_attempt(job, CANCELLED, job.cancel)
            return
        self._count_outcome(job, outcome)
        job.status = SCHEDULED if delay else QUEUED
        if delay:
            job.due = self.now + delay
        self.watch_deadline(job)

    def _end_attempt(self, job: ModelJob, status: str, reason: str | None) -> None:
        job.lost = 0
        outcomes = {PROCESSED: "processed", REJECTED: "rejected", CANCELLED: "cancelled", SUPERSEDED: "put_back"}
        self._count_outcome(job, outcomes[status])
        self._finish(job, status, reason)
