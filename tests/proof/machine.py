"""A state machine that gives the same orders to the real scripts and to the model, and compares all there is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from middleware import keys
from middleware.audit import census
from middleware.connection import Link
from middleware.jobs import JobStatus
from middleware.policies import Policy
from middleware.scripts import Accepted, Offer, QueueScripts, Settlement

from ..middleware.scripted import LEASE_US, SILENCE_US, START_US
from .comparing import QUEUE, compare_all, compare_pages
from .model import CANCELLED, FINAL, QUEUED, REJECTED, RUNNING, SCHEDULED, Model, ModelPolicy, Token

WORKERS = ("worker-a", "worker-b")

moments_us = st.sampled_from([0, 1, 2, 3, 1_000, 700_000, 1_000_000, LEASE_US // 2, LEASE_US])
delays_us = st.sampled_from([0, 0, 1, 2, 1_000, 1_000_000, 5_000_000])
lengths_us = st.sampled_from([0, 1, 1_000_000, 2 * LEASE_US])
credits_given = st.sampled_from([0, 1, 3, 10])
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


@lru_cache(maxsize=4)
def connections(url: str) -> tuple[Link, redis.Redis]:
    """One link for the scripts and one client for the comparing, for all examples."""
    return Link(url, timeout_s=5), redis.Redis.from_url(url)


class QueueMachine(RuleBasedStateMachine):
    """One queue. What the scripts answer and leave behind must be the model's, after every step."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.link, self.client = connections(url)
        self.client.flushdb()
        self.issued: list[Token] = []
        self.last_settled: list[Settlement] = []
        self.made = 0

    @initialize(gated=st.booleans(), jobs=st.integers(3, 9), mode=st.sampled_from([None, "windows", "continuous"]))
    def begin(self, gated: bool, jobs: int, mode: str | None) -> None:
        self.model = Model(START_US, gated=gated)
        unruled = "closed" if gated else "open"
        self.scripts = QueueScripts(QUEUE, self.link, unruled=unruled, now=lambda: self.model.now)
        self._accept([self._new() for _ in range(jobs)], "now", 0)
        if mode:
            self.set_policy(mode, "lifo", 0, 0, False)
        if mode == "windows":
            self._open_window("operator", None, 10, 0)

    # What clients do.

    @rule(count=st.integers(1, 5))
    def accept(self, count: int) -> None:
        self._accept([self._new() for _ in range(count)], "now", 0)

    @rule(count=st.integers(1, 5), kind=st.sampled_from(["after", "at"]), time_us=delays_us)
    def accept_for_later(self, count: int, kind: str, time_us: int) -> None:
        moment = self.model.now + time_us - 1_000 if kind == "at" else time_us
        self._accept([self._new() for _ in range(count)], kind, moment)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks, of=st.sampled_from([None, QUEUED, RUNNING, SCHEDULED]))
    def cancel(self, pick: int, of: str | None) -> None:
        id = self._any(self.model.of_status(of or QUEUED) or list(self.model.jobs.values()), pick).id
        assert self.scripts.cancel(id, "called off") == self.model.cancel(id, "called off")

    @precondition(lambda self: self.model.of_status(REJECTED) or self.model.of_status(CANCELLED))
    @rule(pick=picks)
    def revive(self, pick: int) -> None:
        self._revive(self._any(self.model.of_status(REJECTED) + self.model.of_status(CANCELLED), pick).id)

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

    @precondition(lambda self: self.issued)
    @rule(moves=settlements, wanted=st.sampled_from([0, 0, 1]), worker=st.sampled_from(WORKERS))
    def settle_any_token_that_ever_was(self, moves: list[Any], wanted: int, worker: str) -> None:
        self._settle(self.issued, moves, wanted, worker)

    @precondition(lambda self: self.issued)
    @rule(chosen=st.lists(picks, max_size=4))
    def beat(self, chosen: list[int]) -> None:
        self._beat([self._any(self.issued, pick) for pick in chosen])

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(worker=st.sampled_from(WORKERS), forgotten=st.sets(st.integers(0, 5), min_size=1, max_size=3))
    def recover_claims_whose_answer_was_lost(self, worker: str, forgotten: set[int]) -> None:
        its = [job.token for job in self.model.of_status(RUNNING) if job.worker == worker]
        held = [token for i, token in enumerate(reversed(its)) if i not in forgotten]
        assert self.scripts.recover(worker, held) == self.model.recover(worker, held)

    # What time and upkeep do.

    @rule(by_us=moments_us)
    def let_time_pass(self, by_us: int) -> None:
        self.model.now += by_us

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(crash_limit=st.sampled_from([1, 2, 3]), others_beat=st.booleans())
    def reclaim(self, crash_limit: int, others_beat: bool) -> None:
        for _ in range(3 if others_beat else 0):
            self.model.now += LEASE_US // 2
            self._beat([])
        expected = self.model.reclaim(LEASE_US, SILENCE_US, crash_limit)
        assert self.scripts.reclaim(LEASE_US, SILENCE_US, crash_limit) == expected

    @precondition(lambda self: self.model.of_status(SCHEDULED))
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
        assert self.scripts.prune(age_us, kept, kept_bytes) == self.model.prune(age_us, kept, kept_bytes)

    # What operators and the cadence do.

    @rule(
        mode=st.sampled_from(["windows", "windows", "continuous"]),
        order=st.sampled_from(["lifo", "lifo", "fifo", "adaptive"]),
        share=st.sampled_from([0, 0, 1, 250_000, 333_333, 500_000, 999_999, 1_000_000]),
        batch=st.sampled_from([0, 10]),
        close_when_empty=st.booleans(),
    )
    def set_policy(self, mode: str, order: str, share: int, batch: int, close_when_empty: bool) -> None:
        above, below = (1_500_000, 700_000) if order == "adaptive" else (0, 0)
        policy = Policy(
            *(mode, order, share, batch, close_when_empty),  # type: ignore[arg-type]
            lifo_above_us=above,
            lifo_below_us=below,
        )
        model = ModelPolicy(mode, order, share, batch, close_when_empty, above, below)
        assert self.scripts.put_policy(policy) == self.model.set_policy(model)

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
    @rule(by_us=st.sampled_from([-1, 0, 1, 1_000_000]), then=st.sampled_from(["nothing", "continuous", "purge"]))
    def come_to_the_end_of_the_window(self, by_us: int, then: str) -> None:
        window = self.model.open_window_now()
        self.model.now = max(self.model.now, window.closes_at + by_us)
        if then == "continuous":
            self.set_policy("continuous", "lifo", 0, 0, False)
        elif then == "purge":
            self.purge()

    @precondition(lambda self: self.model.windows)
    @rule(pick=picks)
    def close_window(self, pick: int) -> None:
        number = self._any(sorted(self.model.windows), pick)
        assert (self.scripts.close_window(number) is not None) == self.model.close_window(number)

    @rule(limit=st.integers(1, 4), status=st.sampled_from([None, *JobStatus]))
    def page_through(self, limit: int, status: Any) -> None:
        compare_pages(self.scripts, self.model, limit, status)

    @rule(data=st.data())
    def meet_with_something_rare(self, data: Any) -> None:
        rare = data.draw(st.sampled_from(RARE))
        rare(self, data.draw(picks))

    def accept_one_that_is_known(self, pick: int) -> None:
        if self.model.jobs:
            known = self._any(list(self.model.jobs.values()), pick)
            self._accept([self._new(), (known.id, b"again")], "now", 0)

    def accept_one_that_was_forgotten(self, pick: int) -> None:
        forgotten = sorted({id for id, _ in self.issued} - self.model.jobs.keys())
        if forgotten:
            self._accept([(self._any(forgotten, pick), b"anew")], "now", 0)

    def revive_any(self, pick: int) -> None:
        self._revive(self._any(["nobody", *self.model.jobs], pick))

    def cancel_any(self, pick: int) -> None:
        id = self._any(["nobody", *self.model.jobs], pick)
        assert self.scripts.cancel(id, "called off") == self.model.cancel(id, "called off")

    def claim_whatever_the_gate(self, pick: int) -> None:
        self._compare_claim(self.scripts.claim(WORKERS[0], LEASE_US, 1 + pick), 1 + pick, WORKERS[0])

    def open_window_whatever_the_policy(self, pick: int) -> None:
        self._open_window("operator", None, pick, 0)

    def pause_and_maybe_resume(self, pick: int) -> None:
        for word in ("pause", "pause", "resume")[: 1 + pick % 3]:
            assert self.scripts.pause(word, "somebody", "for a reason") == self.model.pause(word)

    def resume(self, _: int) -> None:
        assert self.scripts.pause("resume", "somebody", "") == self.model.pause("resume")

    def send_the_last_settlements_again(self, _: int) -> None:
        _, stale = self.scripts.settle(self.last_settled, WORKERS[0], LEASE_US, 0)
        assert stale == self.model.settle(self.last_settled)

    def hear_the_doorbell_with_no_idle_thread(self, _: int) -> None:
        self.client.delete(keys.doorbell(QUEUE))
        assert self.scripts.look() == self.model.until_due()

    def see_the_clock_set_back(self, pick: int) -> None:
        self.scripts.get_windows(None, 1)
        self.model.set_clock_back(self.model.now - (1, 1_000_000, 2 * LEASE_US)[pick % 3])

    def find_the_scripts_flushed(self, _: int) -> None:
        self.client.script_flush()

    def purge(self, _: int = 0) -> None:
        assert self.scripts.purge() == self.model.purge()

    # What must be true after every step.

    @invariant()
    def everything_kept_is_the_models(self) -> None:
        compare_all(self.client, self.model)

    @invariant()
    def the_census_adds_up(self) -> None:
        counted = census(self.scripts)
        assert counted.faults == []
        assert counted.order_inversions == counted.conservation_error == 0

    @invariant()
    def a_list_shows_each_job_once_in_the_order_of_acceptance(self) -> None:
        compare_pages(self.scripts, self.model, 7, None)

    def _new(self) -> tuple[str, bytes]:
        self.made += 1
        return f"job-{self.made:05d}", b"message %d" % self.made

    @staticmethod
    def _any(things: list[Any], pick: int) -> Any:
        """One of these; small numbers mean the latest, which shrinks well."""
        return things[-1 - pick % len(things)]

    def _accept(self, jobs: list[tuple[str, bytes]], kind: str, time_us: int) -> None:
        due = {"now": b"", "after": b"+%d" % time_us, "at": b"%d" % time_us}[kind]
        answer = self.scripts.accept([Offer(id, "task", message, due) for id, message in jobs])
        expected = self.model.accept(jobs, kind, time_us)
        if isinstance(answer, Accepted):
            assert (answer.first_seq, answer.dues_us[-1]) == expected
            assert len(set(answer.dues_us)) == 1
        else:
            assert expected is None

    def _open_window(self, opened_by: str, tick_ms: int | None, credits: int, lasts_us: int) -> None:
        word, *rest = self.scripts.open_window(opened_by, tick_ms, credits, lasts_us)
        expected = self.model.open_window(opened_by, tick_ms, credits, lasts_us)
        assert (word.decode(), rest[0] if rest else None) == expected

    def _revive(self, id: str) -> None:
        assert self.scripts.revive(id, b"revived") == self.model.revive(id, b"revived")

    def _running(self) -> list[Token]:
        return [job.token for job in self.model.of_status(RUNNING)]

    def _beat(self, held: list[Token]) -> None:
        assert self.scripts.beat(LEASE_US, SILENCE_US, held) == self.model.beat(LEASE_US, SILENCE_US, held)

    def _settle(self, tokens: list[Token], moves: list[Any], wanted: int, worker: str) -> None:
        chosen = [
            Settlement(
                *self._any(tokens, pick),
                outcome,
                delay_us=delay_us if outcome == "retry" else 0,
                reason="said so" if outcome == "rejected" else "",
                result=words if outcome == "processed" else b"",
                failure=words if outcome in ("retry", "rejected") else b"",
                message=words if outcome == "retry" else b"",
            )
            for pick, outcome, delay_us, words in moves
        ]
        claim, stale = self.scripts.settle(chosen, worker, LEASE_US, wanted)
        assert stale == self.model.settle(chosen)
        self.last_settled = chosen
        if wanted:
            self._compare_claim(claim, wanted, worker)
        else:
            assert (claim.until_due_us, claim.jobs) == (self.model.until_due(), [])

    def _compare_claim(self, answer: Any, wanted: int, worker: str) -> None:
        self.issued += [(id, number) for id, number, _ in answer.jobs]
        assert (answer.word, answer.until_due_us, answer.jobs) == self.model.claim(wanted, worker, LEASE_US)


RARE = (
    QueueMachine.accept_one_that_is_known,
    QueueMachine.accept_one_that_was_forgotten,
    QueueMachine.cancel_any,
    QueueMachine.revive_any,
    QueueMachine.claim_whatever_the_gate,
    QueueMachine.open_window_whatever_the_policy,
    QueueMachine.pause_and_maybe_resume,
    QueueMachine.resume,
    QueueMachine.send_the_last_settlements_again,
    QueueMachine.hear_the_doorbell_with_no_idle_thread,
    QueueMachine.see_the_clock_set_back,
    QueueMachine.find_the_scripts_flushed,
    QueueMachine.purge,
)
"""Steps that would crowd out the others if each of them were a rule."""
