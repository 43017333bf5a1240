"""The part of the model that says what may be claimed when: policy, windows, pause, order, due times."""

from __future__ import annotations

from collections import Counter

from .entries import EXPIRED, QUEUED, SCHEDULED, ModelJob, ModelPolicy, ModelWindow
from .model_subjects import ModelSubjects

MILLION = 1_000_000


class ModelGate(ModelSubjects):
    """What all methods share, and the scripts about the gate and due times."""

    def __init__(self, now: int, *, gated: bool) -> None:
        super().__init__(now)
        self.gated = gated
        self.windows: dict[int, ModelWindow] = {}
        self.open_number = 0
        self.windows_made = 0
        self.policy: ModelPolicy | None = None
        self.is_paused = False
        self.order_now: str | None = None
        self.claims_without_window = 0
        self.last_seq = 0
        self.next_deadline: int | None = None
        self.last_tick_ms = 0
        self.heartbeat_at: int | None = None
        self.grace_until = 0
        self.counters: Counter[str] = Counter()

    def of_status(self, status: str) -> list[ModelJob]:
        """The jobs of one status, in the order of acceptance."""
        return sorted((job for job in self.jobs.values() if job.status == status), key=lambda job: job.seq)

    def bytes_of(self, status: str) -> int:
        """Of the messages of the jobs of one status."""
        return sum(len(job.message) for job in self.of_status(status))

    def waiting_bytes(self) -> int:
        """Of the messages of all jobs that wait."""
        return self.bytes_of(QUEUED) + self.bytes_of(SCHEDULED)

    def stack(self) -> list[ModelJob]:
        """What waits, from the bottom to the top; Redis orders equal places by id."""
        return sorted(self.of_status(QUEUED), key=lambda job: (job.place, job.id))

    def until_due(self) -> int:
        """µs until the next job falls due, or a deadline passes; -1: none will."""
        dues = [job.due or 0 for job in self.of_status(SCHEDULED)]
        dues += [] if self.next_deadline is None else [self.next_deadline]
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

    @property
    def is_by_generation(self) -> bool:
        """True when the places of jobs that come go by when they were generated."""
        return self.policy is not None and self.policy.order_by == "generated"

    def gate(self) -> str:
        """May a job be claimed?"""
        if self.is_paused:
            return "paused"
        if self.policy is None:
            return "closed" if self.gated else "open"
        if self.policy.mode == "continuous":
            return "open"
        return "open" if self.open_window_now() else "closed"

    def promote(self) -> int:
        """What has waited beyond its deadline ends, what fell due goes on the stack; µs until the next."""
        self._expire()
        for job in self.of_status(SCHEDULED):
            if job.due is not None and job.due <= self.now:
                job.status, job.place = QUEUED, job.due if job.place is None else job.place
        return self.until_due()

    def watch_deadline(self, job: ModelJob) -> None:
        """A job waits, again or for the first time: somebody has to wake for its deadline."""
        if job.expires is not None:
            self.next_deadline = min(job.expires, self.next_deadline or job.expires)

    def _expire(self) -> None:
        """At the next deadline, or earlier: that of a job which doesn't wait any more."""
        if self.next_deadline is None or self.next_deadline > self.now:
            return
        waiting = [job for job in self.of_status(QUEUED) + self.of_status(SCHEDULED) if job.expires is not None]
        late = [job for job in waiting if job.expires <= self.now]
        for job in late:
            self._finish(job, EXPIRED, "deadline")
        self.counters["expired"] += len(late)
        self.next_deadline = min((job.expires for job in waiting if job not in late), default=None)
        if late:
            self._close_when_done()

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
            return "no_policy", None
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

    def present_order(self, rule: ModelWindow | ModelPolicy | None) -> str:
        """Adaptive: fifo until the oldest has waited long enough, then lifo until it has waited less again."""
        if rule is None or rule.order != "adaptive":
            return rule.order if rule else "lifo"
        waiting = self.stack()
        waited = max(0, self.now - waiting[0].place) if waiting else 0
        was = self.order_now or "fifo"
        if was == "fifo" and waiting and waited >= rule.above:
            return "lifo"
        return "fifo" if was == "lifo" and waited < rule.below else was

    def _order(self, rule: ModelWindow | ModelPolicy) -> str:
        order = self.present_order(rule)
        if rule.order == "adaptive" and order != (self.order_now or "fifo"):
            self.order_now = order
            self.counters[f"order_switches_to_{order}"] += 1
        return order

    def _forget_windows(self, closed_before: int) -> None:
        self.open_window_now()
        for number, window in sorted(self.windows.items()):
            if window.closed_at is None or window.closed_at >= closed_before:
                return
            if window.outcomes["running"] == 0:
                del self.windows[number]

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
