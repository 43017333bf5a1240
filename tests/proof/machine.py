"""The real scripts and a plain model of the queue, step by step (Hypothesis makes up the steps).

What each step asserts is what the script answers; after each, all that is kept is compared.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from middleware.commands.types import Room
from middleware.jobs import JobStatus

from ..middleware.scripted import LEASE_US, SILENCE_US
from .comparing import compare_counters, compare_pages
from .entries import CANCELLED, EXPIRED, FINAL, QUEUED, REJECTED, RUNNING, SCHEDULED, ModelPolicy
from .rare_steps import RARE
from .steps import WORKERS
from .subject_steps import SubjectSteps

moments_us = st.sampled_from([0, 1, 2, 3, 1_000, 700_000, 1_000_000, LEASE_US // 2, LEASE_US, 3_600_000_000])
delays_us = st.sampled_from([0, 0, 1, 2, 1_000, 1_000_000, 5_000_000])
lengths_us = st.sampled_from([0, 1, 1_000_000, 2 * LEASE_US])
credits_given = st.sampled_from([0, 1, 3, 10])
orders = st.sampled_from([("lifo", 0, 0), ("lifo", 0, 0), ("fifo", 0, 0), ("adaptive", 1_500_000, 700_000)])
"""And for how long (µs) the oldest job must have waited for the newest to come first, and for the oldest again."""
limits = st.tuples(st.sampled_from([0, 0, 1, 3]), st.sampled_from([0, 0, 1, 2]), st.booleans())
"""How many jobs of the queue and of a group may run, and whether groups share."""
policies = st.builds(
    lambda mode, order, share, batch, closes, limits, order_by: ModelPolicy(
        mode, order[0], share, batch, closes, *order[1:], *limits, order_by
    ),
    st.sampled_from(["windows", "windows", "continuous"]),
    orders,
    st.sampled_from([0, 0, 1, 250_000, 333_333, 500_000, 999_999, 1_000_000]),
    st.sampled_from([0, 10]),
    st.booleans(),
    st.one_of(st.just((0, 0, False)), limits),
    st.sampled_from(["accepted", "generated"]),
)
picks = st.integers(0, 15)
settlements = st.lists(
    st.tuples(
        picks,
        st.sampled_from(["processed", "rejected", "cancelled", "retry", "retry", "put_back"]),
        delays_us,
        st.sampled_from([b"", b"words"]),
    ),
    min_size=1,
    max_size=4,
)


class QueueMachine(SubjectSteps):
    """One queue, and all that can happen to it."""

    # What clients do.

    @rule(count=st.integers(1, 5))
    def accept(self, count: int) -> None:
        self._accept([self._new() for _ in range(count)], "now", 0)

    @rule(count=st.integers(1, 5), kind=st.sampled_from(["after", "at"]), time_us=delays_us)
    def accept_for_later(self, count: int, kind: str, time_us: int) -> None:
        moment = self.model.now + time_us - 1_000 if kind == "at" else time_us
        self._accept([self._new() for _ in range(count)], kind, moment)

    @rule(
        count=st.integers(1, 3),
        kind=st.sampled_from(["now", "now", "after"]),
        time_us=delays_us,
        expires_in_us=st.sampled_from([0, 1, 1_000, 1_000_000, 5_000_000]),
    )
    def accept_with_a_deadline(self, count: int, kind: str, time_us: int, expires_in_us: int) -> None:
        self._accept([self._new() for _ in range(count)], kind, time_us, expires_in_us=expires_in_us)

    @rule(
        count=st.integers(1, 3),
        kind=st.sampled_from(["now", "now", "after"]),
        spare=st.integers(-2, 3),
        drops=st.booleans(),
    )
    def accept_with_a_bound(self, count: int, kind: str, spare: int, drops: bool) -> None:
        waiting = len(self.model.of_status(QUEUED)) + len(self.model.of_status(SCHEDULED))
        room = Room(max(count, waiting + spare), drops)
        self._accept([self._new() for _ in range(count)], kind, 1_000, room=room)

    @rule(
        sizes=st.lists(st.sampled_from([1, 10, 30]), min_size=1, max_size=3),
        kind=st.sampled_from(["now", "now", "after"]),
        spare=st.integers(-30, 30),
        drops=st.booleans(),
    )
    def accept_with_a_bound_on_bytes(self, sizes: list[int], kind: str, spare: int, drops: bool) -> None:
        jobs = [(self._new()[0], b"x" * size) for size in sizes]
        room = Room(0, drops, max(1, self.model.waiting_bytes() + spare))
        self._accept(jobs, kind, 1_000, room=room)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks, of=st.sampled_from([None, QUEUED, RUNNING, SCHEDULED]))
    def cancel(self, pick: int, of: str | None) -> None:
        id = self._any(self.model.of_status(of or QUEUED) or list(self.model.jobs.values()), pick).id
        assert self.scripts.cancel_all([id], "called off")[0] == self.model.cancel(id, "called off")

    @precondition(lambda self: any(map(self.model.of_status, (REJECTED, CANCELLED, EXPIRED))))
    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        ended = [job for status in (REJECTED, CANCELLED, EXPIRED) for job in self.model.of_status(status)]
        self._retry(self._any(ended, pick).id)

    # What workers do.

    @precondition(lambda self: self.model.stack())
    @rule(wanted=st.integers(1, 6), worker=st.sampled_from(WORKERS))
    def claim(self, wanted: int, worker: str) -> None:
        self._compare_claim(self.scripts.claim(worker, LEASE_US, wanted), wanted, worker)

    @precondition(lambda self: self.model.stack())
    @rule(worker=st.sampled_from(WORKERS))
    def claim_one(self, worker: str) -> None:
        self.claim(1, worker)

    @precondition(lambda self: self.model.stack())
    @rule(wanted=st.integers(1, 6), moves=settlements, worker=st.sampled_from(WORKERS))
    def claim_and_settle(self, wanted: int, moves: list[Any], worker: str) -> None:
        self.claim(wanted, worker)
        if self.model.of_status(RUNNING):
            self.settle(moves)

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(moves=settlements)
    def settle(self, moves: list[Any]) -> None:
        self._settle(self._running(), moves, 0, WORKERS[0])

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(moves=settlements, wanted=st.integers(1, 5), worker=st.sampled_from(WORKERS))
    def settle_and_claim(self, moves: list[Any], wanted: int, worker: str) -> None:
        self._settle(self._running(), moves, wanted, worker)

    @rule(
        turns=st.integers(1, 4),
        wanted=st.integers(1, 3),
        worker=st.sampled_from(WORKERS),
        words=st.sampled_from([b"", b"words"]),
    )
    def work_off(self, turns: int, wanted: int, worker: str, words: bytes) -> None:
        """A busy worker, turn for turn: what it claimed is processed, and as many come with it."""
        self._accept([self._new() for _ in range((turns + 1) * wanted + 1)], "now", 0)
        known = len(self.issued)
        self.claim(wanted, worker)
        for _ in range(turns):
            held, known = self.issued[known:], len(self.issued)
            if held:
                self._settle(held, [(pick, "processed", 0, words) for pick in range(len(held))], len(held), worker)

    @precondition(lambda self: len(self.model.stack()) > 1)
    @rule(
        turns=st.integers(1, 4),
        wanted=st.integers(1, 3),
        worker=st.sampled_from(WORKERS),
        late=st.sampled_from([None, None, 1, 2, 5]),
    )
    def process_and_claim(self, turns: int, wanted: int, worker: str, late: int | None) -> None:
        """As busy workers do, turn for turn; also those that were thought dead, so many claims ago."""
        for _ in range(turns):
            held = self.issued[-wanted - late :][:wanted] if late else self._running()[-wanted:]
            if held:
                self._settle(held, [(pick, "processed", 0, b"") for pick in range(len(held))], wanted, worker)
            else:
                self.claim(wanted, worker)

    @precondition(lambda self: self.issued)
    @rule(moves=settlements, wanted=st.sampled_from([0, 0, 1]), worker=st.sampled_from(WORKERS))
    def settle_any_token_that_ever_was(self, moves: list[Any], wanted: int, worker: str) -> None:
        self._settle(self.issued, moves, wanted, worker)

    @precondition(lambda self: self.issued)
    @rule(chosen=st.lists(picks, max_size=4))
    def heartbeat(self, chosen: list[int]) -> None:
        self._heartbeat([self._any(self.issued, pick) for pick in chosen])

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(worker=st.sampled_from(WORKERS), forgotten=st.sets(st.integers(0, 5), min_size=1, max_size=3))
    def recover_claims_whose_answer_was_lost(self, worker: str, forgotten: set[int]) -> None:
        its = [job.token for job in self.model.of_status(RUNNING) if job.worker == worker]
        held = [token for i, token in enumerate(reversed(its)) if i not in forgotten]
        assert self.scripts.recover(worker, held) == self.model.recover(worker, held)

    # What time and maintenance do.

    @rule(by_us=moments_us)
    def let_time_pass(self, by_us: int) -> None:
        self.model.now += by_us

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(crash_limit=st.sampled_from([1, 2, 3]), others_live=st.booleans())
    def reclaim(self, crash_limit: int, others_live: bool) -> None:
        for _ in range(3 if others_live else 0):
            self.model.now += LEASE_US // 2
            self._heartbeat([])
        expected = self.model.reclaim(LEASE_US, SILENCE_US, crash_limit)
        assert self.scripts.reclaim(LEASE_US, SILENCE_US, crash_limit) == expected

    @precondition(lambda self: self.model.until_due() >= 0)
    @rule()
    def promote(self) -> None:
        assert self.scripts.promote() == self.model.promote()

    @precondition(lambda self: any(job.status in FINAL for job in self.model.jobs.values()))
    @rule(
        age_us=st.sampled_from([0, 1_000_000, 10**12]),
        kept=st.sampled_from([0, 2, 5, 10**6]),
        kept_bytes=st.sampled_from([0, 1_500, 10**9]),
    )
    def prune(self, age_us: int, kept: int, kept_bytes: int) -> None:
        assert self.scripts.prune(age_us, kept, kept_bytes, 10**6) == self.model.prune(age_us, kept, kept_bytes)

    # What operators and the cadence do.

    @rule(policy=policies)
    def set_policy(self, policy: ModelPolicy) -> None:
        self._set_policy(policy)

    @precondition(lambda self: self.model.is_by_windows)
    @rule(ahead_ms=st.sampled_from([-3_000, 0, 0, 0, 1_000, 1_001]), credits=credits_given, lasts_us=lengths_us)
    def open_window_by_a_tick(self, ahead_ms: int, credits: int, lasts_us: int) -> None:
        self._open_window("tick", self.model.now // 1_000 + ahead_ms, credits, lasts_us)

    @precondition(lambda self: self.model.is_by_windows and self.model.stack())
    @rule(credits=credits_given, lasts_us=lengths_us, wanted=st.integers(1, 6))
    def open_window_and_claim(self, credits: int, lasts_us: int, wanted: int) -> None:
        self._open_window("operator", None, credits, lasts_us)
        self.claim(wanted, WORKERS[0])

    @precondition(lambda self: (window := self.model.open_window_now()) and window.closes_at)
    @rule(by_us=st.sampled_from([-1, 0, 1, 1_000_000]), then=st.sampled_from(["nothing", "continuous", "flush"]))
    def come_to_the_end_of_the_window(self, by_us: int, then: str) -> None:
        window = self.model.open_window_now()
        self.model.now = max(self.model.now, window.closes_at + by_us)
        if then == "continuous":
            self._set_policy(ModelPolicy("continuous"))
        elif then == "flush":
            self.flush()

    @precondition(lambda self: self.model.windows)
    @rule(pick=picks)
    def close_window(self, pick: int) -> None:
        number = self._any(sorted(self.model.windows), pick)
        assert (self.scripts.close_window(number) is not None) == self.model.close_window(number)

    @rule()
    def read_what_is_counted(self) -> None:
        compare_counters(self.scripts, self.model)

    @rule(
        limit=st.integers(1, 4),
        status=st.sampled_from([None, *JobStatus]),
        tags=st.sampled_from([(), ("red",), ("blue",), ("red", "blue"), ("nobody's", "blue")]),
    )
    def page_through(self, limit: int, status: Any, tags: tuple[str, ...]) -> None:
        compare_pages(self.scripts, self.model, limit, status, tags)

    @rule(data=st.data())
    def meet_with_something_rare(self, data: Any) -> None:
        rare = data.draw(st.sampled_from(RARE))
        rare(self, data.draw(picks))
