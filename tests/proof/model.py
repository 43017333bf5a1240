"""What a queue promises, in plain Python: the scripts must give the same answers and leave the same state.

Written from the promise (docs/promise.md) and the headers of the scripts, without any index or key: one table of
jobs, one of windows. The order of the stack is looked up by sorting what waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from middleware.scripts import Settlement

Token = tuple[str, int]

SCHEDULED, QUEUED, RUNNING, PROCESSED, REJECTED, CANCELLED = "sqrpxc"
FINAL = (PROCESSED, REJECTED, CANCELLED)
OVERHEAD_BYTES = 400
MILLION = 1_000_000


@dataclass
class ModelJob:
    """One job. ``place`` is None as long as it isn't known: a delayed job gets it when it falls due."""

    id: str
    seq: int
    place: int | None
    message: bytes
    status: str = QUEUED
    attempts: int = 0
    lost: int = 0
    settled: int | None = None
    due: int | None = None
    started: int | None = None
    finished: int | None = None
    window: int | None = None
    worker: str | None = None
    reason: str | None = None
    cancel: str | None = None
    lease_end: int = 0
    result: bytes = b""
    failure: bytes = b""

    @property
    def token(self) -> Token:
        """The name of its latest delivery: no other has the same, not even of another job with this id."""
        return self.id, self.seq + self.attempts

    @property
    def kept_bytes(self) -> int:
        """What retention by bytes counts."""
        return OVERHEAD_BYTES + len(self.message) + len(self.result) + len(self.failure)


@dataclass
class ModelWindow:
    """One window; ``outcomes`` counts the jobs that it let through, by what became of them."""

    number: int
    opened_by: str
    opened_at: int
    closes_at: int | None
    order: str
    share: int
    close_when_empty: bool
    credits: int | None
    above: int = 0
    below: int = 0
    claimed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    closed_at: int | None = None
    close_reason: str | None = None


@dataclass(frozen=True)
class ModelPolicy:
    """What the cadence says."""

    mode: str
    order: str
    share: int
    batch: int
    close_when_empty: bool
    above: int = 0
    below: int = 0


class Model:
    """A queue. Every method is one call of a script and returns what that script has to answer."""

    def __init__(self, now: int, *, gated: bool) -> None:
        self.now = now
        self.gated = gated
        self.jobs: dict[str, ModelJob] = {}
        self.windows: dict[int, ModelWindow] = {}
        self.open_number = 0
        self.windows_made = 0
        self.policy: ModelPolicy | None = None
        self.is_paused = False
        self.order_now: str | None = None
        self.claims_without_window = 0
        self.last_seq = 0
        self.last_tick_ms = 0
        self.beat_at: int | None = None
        self.grace_until = 0
        self.counters: Counter[str] = Counter()

    def of_status(self, status: str) -> list[ModelJob]:
        """The jobs of one status, in the order of acceptance."""
        return sorted((job for job in self.jobs.values() if job.status == status), key=lambda job: job.seq)

    def stack(self) -> list[ModelJob]:
        """What waits, from the bottom to the top; Redis orders equal places by id."""
        return sorted(self.of_status(QUEUED), key=lambda job: (job.place, job.id))

    def until_due(self) -> int:
        """µs until the next job falls due; -1: none will."""
        dues = [job.due or 0 for job in self.of_status(SCHEDULED)]
        return max(0, min(dues) - self.now) if dues else -1

    def open_window_now(self) -> ModelWindow | None:
        """The open window; one whose time is up was closed by then."""
        window = self.windows.get(self.open_number)
        if window and window.closes_at is not None and window.closes_at <= self.now:
            self._close(window, window.closes_at, "time")
            return None
        return window

    @property
    def is_by_windows(self) -> bool:
        """True when jobs may be claimed in windows only."""
        return self.policy is not None and self.policy.mode == "windows"

    def gate(self) -> str:
        """May a job be claimed?"""
        if self.is_paused:
            return "paused"
        if self.policy is None:
            return "closed" if self.gated else "open"
        if self.policy.mode == "continuous":
            return "open"
        return "open" if self.open_window_now() else "closed"

    def accept(self, messages: Sequence[tuple[str, bytes]], kind: str, time_us: int) -> tuple[int, int | None] | None:
        """The first seq and the due time; None when an id is known."""
        if any(id in self.jobs for id, _ in messages):
            return None
        due: int | None = {"now": 0, "after": self.now + time_us, "at": time_us}[kind]
        due = due if due and due > self.now else None
        first = max(self.last_seq + 1, self.now)
        for seq, (id, message) in enumerate(messages, start=first):
            job = self.jobs[id] = ModelJob(id, seq, None if due else seq, message, due=due)
            job.status = SCHEDULED if due else QUEUED
        self.last_seq = first + len(messages) - 1
        self.counters["accepted"] += len(messages)
        return first, due

    def promote(self) -> int:
        """What fell due goes on the stack; µs until the next."""
        for job in self.of_status(SCHEDULED):
            if job.due is not None and job.due <= self.now:
                job.status, job.place = QUEUED, job.due if job.place is None else job.place
        return self.until_due()

    def claim(self, wanted: int, worker: str, lease: int) -> tuple[str, int, list[tuple[str, int, bytes]]]:
        """The gate's word, µs until the next job falls due, and the jobs in the order in which they are taken."""
        self.promote()
        if self.gate() != "open":
            return self.gate(), self.until_due(), []
        window = self.open_window_now()
        taken = self._take(wanted, window)
        for job in taken:
            job.status, job.started, job.finished, job.worker = RUNNING, self.now, None, worker
            job.attempts, job.lease_end = job.attempts + 1, self.now + lease
            job.window = window.number if window else None
        if window:
            window.claimed += len(taken)
            window.outcomes["running"] += len(taken)
            self._close_when_done()
        else:
            self.claims_without_window += len(taken)
        jobs = [(*job.token, job.message) for job in taken]
        return "open" if self.stack() else "empty", self.until_due(), jobs

    def _take(self, wanted: int, window: ModelWindow | None) -> list[ModelJob]:
        if window:
            order, share, before = self._order(window), window.share, window.claimed
            wanted = wanted if window.credits is None else min(wanted, window.credits - window.claimed)
        else:
            order, share = (self._order(self.policy), self.policy.share) if self.policy else ("lifo", 0)
            before = self.claims_without_window
        stack, taken = self.stack(), []
        for n in range(before + 1, before + 1 + min(wanted, len(stack))):
            is_for_the_oldest = n * share // MILLION > (n - 1) * share // MILLION
            taken.append(stack.pop(0 if is_for_the_oldest or order == "fifo" else -1))
        return taken

    def _order(self, rule: ModelWindow | ModelPolicy) -> str:
        """Adaptive: fifo until the oldest has waited long enough, then lifo until it has waited less again."""
        if rule.order != "adaptive":
            return rule.order
        waiting = self.stack()
        waited = max(0, self.now - waiting[0].place) if waiting else 0
        was = self.order_now or "fifo"
        becomes_lifo = was == "fifo" and bool(waiting) and waited >= rule.above
        becomes_fifo = was == "lifo" and waited < rule.below
        if becomes_lifo or becomes_fifo:
            self.order_now = "lifo" if becomes_lifo else "fifo"
            self.counters[f"order_switches_to_{self.order_now}"] += 1
        return self.order_now or "fifo"

    def settle(self, settlements: Iterable[Settlement]) -> int:
        """How many tokens were stale."""
        return sum(self._settle(s) for s in settlements)

    def _settle(self, s: Settlement) -> bool:
        job = self.jobs.get(s.id)
        if job is None or job.status != RUNNING or job.token != (s.id, s.number):
            is_stale = job is None or job.settled is None or job.seq + job.settled != s.number
            self.counters["stale_settles"] += is_stale
            return is_stale
        job.settled = job.attempts
        job.result = s.result or job.result
        job.failure = b"%d %b" % (self.now, s.failure) if s.failure else job.failure
        job.message = s.message or job.message
        if s.outcome == "retry":
            job.lost = 0
            self.counters["retried"] += job.cancel is None
            self._try_again(job, "retried", s.delay_us)
        elif s.outcome == "put_back":
            self._try_again(job, "put_back")
        else:
            letter = {"processed": PROCESSED, "rejected": REJECTED, "cancelled": CANCELLED}[s.outcome]
            asked = job.cancel if letter == CANCELLED else None
            self._end_attempt(job, letter, asked or s.reason or None)
        return False

    def beat(self, lease: int, silence: int, held: Iterable[Token]) -> list[tuple[str, str]]:
        """The tokens that need attention: lost or cancel."""
        self._pulse(lease, silence)
        words = []
        for id, number in held:
            job = self.jobs.get(id)
            if job and job.status == RUNNING and job.token == (id, number):
                job.lease_end = self.now + lease
                if job.cancel is not None:
                    words.append((id, "cancel"))
            elif job is None or job.settled is None or job.seq + job.settled != number:
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

    def revive(self, id: str, message: bytes) -> str:
        """What came of it."""
        job = self.jobs.get(id)
        if job is None:
            return "missing"
        if job.status not in (REJECTED, CANCELLED):
            return {RUNNING: "running", PROCESSED: "processed"}.get(job.status, "waiting")
        self.last_seq = max(self.last_seq + 1, self.now)
        job.status, job.place, job.message, job.lost = QUEUED, self.last_seq, message, 0
        job.cancel = job.reason = job.finished = job.due = None
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
            del self.jobs[job.id]
        self.counters["pruned"] += gone
        return gone

    def _forget_windows(self, closed_before: int) -> None:
        self.open_window_now()
        for number, window in sorted(self.windows.items()):
            if window.closed_at is None or window.closed_at >= closed_before:
                return
            if window.outcomes["running"] == 0:
                del self.windows[number]

    def purge(self) -> int:
        """How many waiting jobs went: the stack, or else what is scheduled."""
        dropped = self.of_status(QUEUED) or self.of_status(SCHEDULED)
        for job in dropped:
            del self.jobs[job.id]
        self.counters["pruned"] += len(dropped)
        self._close_when_done()
        return len(dropped)

    def set_policy(self, policy: ModelPolicy) -> bool:
        """Whether that changed anything."""
        changed = policy != self.policy
        if self.policy is None or policy.order != self.policy.order:
            self.order_now = None
        self.policy = policy
        window = self.open_window_now()
        if window and policy.mode != "windows":
            self._close(window, self.now, "replaced")
        return changed

    def open_window(self, opened_by: str, tick_ms: int | None, credits: int, lasts_us: int) -> tuple[str, int | None]:
        """The word, and what comes with it: the window's number, the last tick, the time."""
        if self.policy is None:
            return "unruled", None
        if self.policy.mode == "continuous":
            return "continuous", None
        latest = self.now + MILLION
        last_tick = self.last_tick_ms if self.last_tick_ms * 1000 <= latest else 0
        if tick_ms is not None:
            if tick_ms <= last_tick:
                return "repeated", last_tick
            if tick_ms * 1000 > latest:
                return "early", self.now
            self.last_tick_ms = tick_ms
        self.promote()
        if replaced := self.open_window_now():
            self._close(replaced, self.now, "replaced")
        self.windows_made = self.open_number = number = self.windows_made + 1
        rule = self.policy
        ends = self.now + lasts_us if lasts_us else None
        self.windows[number] = ModelWindow(
            *(number, opened_by, self.now, ends, rule.order, rule.share, rule.close_when_empty, credits or None),
            above=rule.above,
            below=rule.below,
        )
        self._close_when_done()
        return "opened", number

    def close_window(self, number: int) -> bool:
        """Whether the window is kept."""
        window = self.open_window_now()
        if window and window.number == number:
            self._close(window, self.now, "operator")
        return number in self.windows

    def pause(self, word: str) -> bool:
        """Whether that changed anything."""
        was, self.is_paused = self.is_paused, word == "pause"
        return was != self.is_paused

    def set_clock_back(self, to: int) -> None:
        """The server's clock jumps. A window whose time was up stays closed."""
        self.open_window_now()
        self.now = to

    def _pulse(self, lease: int, silence: int) -> None:
        beat = self.now if self.beat_at is None else self.beat_at
        if abs(self.now - beat) > silence:
            self.grace_until = self.now + lease
            if beat > self.now:
                for job in self.of_status(RUNNING):
                    job.lease_end = min(job.lease_end, self.grace_until)
        self.beat_at = self.now

    def _try_again(self, job: ModelJob, outcome: str, delay: int = 0) -> None:
        if job.cancel is not None:
            self._end_attempt(job, CANCELLED, job.cancel)
            return
        self._count_outcome(job, outcome)
        job.status = SCHEDULED if delay else QUEUED
        if delay:
            job.due = self.now + delay

    def _end_attempt(self, job: ModelJob, status: str, reason: str | None) -> None:
        job.lost = 0
        self._count_outcome(job, {PROCESSED: "processed", REJECTED: "rejected", CANCELLED: "cancelled"}[status])
        self._finish(job, status, reason)

    def _finish(self, job: ModelJob, status: str, reason: str | None) -> None:
        job.status, job.finished, job.reason = status, self.now, reason
        self.counters[{PROCESSED: "processed", REJECTED: "rejected", CANCELLED: "cancelled"}[status]] += 1

    def _count_outcome(self, job: ModelJob, outcome: str) -> None:
        if job.window is not None:
            self.windows[job.window].outcomes.subtract(["running"])
            self.windows[job.window].outcomes[outcome] += 1

    def _close(self, window: ModelWindow, at: int, reason: str) -> None:
        window.closed_at, window.close_reason = at, reason
        self.open_number = 0
        if window.claimed == 0 and window.opened_by == "tick":
            del self.windows[window.number]

    def _close_when_done(self) -> None:
        window = self.open_window_now()
        if window is None:
            return
        if window.credits is not None and window.claimed >= window.credits:
            self._close(window, self.now, "credits")
        elif window.close_when_empty and not self.stack():
            self._close(window, self.now, "empty")
