"""One queue and its model: what every step uses, and what must be true after each of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from middleware.commands import keys
from middleware.commands.queue_commands import QueueCommands
from middleware.commands.types import BOUNDLESS, NO_SUBJECT, Accepted, Offer, Room, Settlement, Subject
from middleware.queues.policy import Policy
from middleware.queues.snapshot import read_snapshot
from middleware.redis_link.link import Link
from middleware.tags import digests

from ..middleware.scripted import LEASE_US, SILENCE_US, START_US
from .comparing import QUEUE, compare_all, compare_pages
from .entries import RUNNING, ModelPolicy, Token, group_for, tags_for
from .event_log import EventLog, read_all
from .history import HistoryChecker
from .model import Model

WORKERS = ("worker-a", "worker-b")


@lru_cache(maxsize=4)
def connections(url: str) -> tuple[Link, redis.Redis]:
    """One link for the scripts and one client for the comparing, for all examples."""
    return Link(url, timeout_s=5), redis.Redis.from_url(url)


class Steps(RuleBasedStateMachine):
    """What the scripts answer and leave behind must be the model's, after every step."""

    busy_calls = 0
    """How often a call was seen that settled and claimed, in all examples."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.link, self.client = connections(url)
        self.client.flushdb()
        self.log, self.checker = EventLog(self.client, QUEUE), HistoryChecker(QUEUE)
        self.log.switch_on()
        self.issued: list[Token] = []
        self.last_settled: list[Settlement] = []
        self.made = 0

    @initialize(
        gated=st.booleans(),
        jobs=st.integers(3, 9),
        mode=st.sampled_from([None, "windows", "continuous"]),
        order_by=st.sampled_from(["accepted", "generated"]),
    )
    def begin(self, gated: bool, jobs: int, mode: str | None, order_by: str) -> None:
        self.model = Model(START_US, gated=gated)
        default_gate = "closed" if gated else "open"
        self.scripts = QueueCommands(QUEUE, self.link, default_gate=default_gate, now=lambda: self.model.now)
        self._accept([self._new() for _ in range(jobs)], "now", 0)
        if mode:
            self._set_policy(ModelPolicy(mode, order_by=order_by))
        if mode == "windows":
            self._open_window("operator", None, 10, 0)

    @invariant()
    def everything_kept_is_the_models(self) -> None:
        Steps.busy_calls += compare_all(self.client, self.model)

    @invariant()
    def the_checker_of_histories_finds_nothing(self) -> None:
        read_all(self.log, self.checker)
        assert self.checker.found.texts == []

    @invariant()
    def the_snapshot_adds_up_and_tells_what_may_be_claimed(self) -> None:
        found = read_snapshot(self.scripts)
        assert found.faults() == []
        assert found.order_inversions == found.conservation_error == 0
        rule = self.model.open_window_now() or self.model.policy
        assert (found.gate, found.order_now) == (self.model.gate(), self.model.present_order(rule))

    @invariant()
    def a_list_shows_each_job_once_in_the_order_of_acceptance(self) -> None:
        compare_pages(self.scripts, self.model, 7, None, ())

    def _new(self) -> tuple[str, bytes]:
        self.made += 1
        return f"job-{self.made:05d}", b"message %d" % self.made

    @staticmethod
    def _any(things: list[Any], pick: int) -> Any:
        """One of these; small numbers mean the latest, which shrinks well."""
        return things[-1 - pick % len(things)]

    def _accept(
        self,
        jobs: list[tuple[str, bytes]],
        kind: str,
        time_us: int,
        *,
        expires_in_us: int | None = None,
        subjects: Sequence[tuple[str | None, int, bool]] = (),
        room: Room = BOUNDLESS,
        generated: Sequence[int | None] = (),
    ) -> None:
        due = {"now": b"", "after": b"+%d" % time_us, "at": b"%d" % time_us}[kind]
        deadline = b"" if expires_in_us is None else b"+%d" % expires_in_us
        abouts = [
            NO_SUBJECT if subject is None else Subject(digests([subject]), max_defer_us, stops_running)
            for subject, max_defer_us, stops_running in subjects or [(None, 0, False)] * len(jobs)
        ]
        offers = [
            Offer(
                *(id, "task", message, due, digests(tags_for(id)), deadline, about),
                group=digests(filter(None, [group_for(id)])),
                generated_us=generated_us,
            )
            for (id, message), about, generated_us in zip(jobs, abouts, generated or [None] * len(jobs), strict=True)
        ]
        answer = self.scripts.accept(offers, room=room)
        expected = self.model.accept(
            *(jobs, kind, time_us),
            expires_in_us=expires_in_us,
            subjects=subjects,
            most=room[0],
            drops_oldest=room[1],
            most_bytes=room[2],
            generated=generated,
        )
        if isinstance(answer, Accepted) and answer.records:
            assert expected is not None
            assert answer.first_seq == expected[0]
            assert list(answer.records) == self.client.hmget(keys.records(QUEUE), [id for id, _ in jobs])
        elif isinstance(answer, Accepted):
            assert (answer.first_seq, answer.dues_us[-1]) == expected
            assert len(set(answer.dues_us)) == 1
        else:
            assert expected is None

    def _open_window(self, opened_by: str, tick_ms: int | None, credits: int, lasts_us: int) -> None:
        word, *rest = self.scripts.open_window(opened_by, tick_ms, credits, lasts_us)
        expected = self.model.open_window(opened_by, tick_ms, credits, lasts_us)
        assert (word.decode(), rest[0] if rest else None) == expected

    def _retry(self, id: str) -> None:
        assert self.scripts.retry_all([(id, b"revived")])[0] == self.model.retry(id, b"revived")

    def _running(self) -> list[Token]:
        return [job.token for job in self.model.of_status(RUNNING)]

    def _heartbeat(self, held: list[Token]) -> None:
        assert self.scripts.heartbeat(LEASE_US, SILENCE_US, held) == self.model.heartbeat(LEASE_US, SILENCE_US, held)

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
        assert len(stale) == self.model.settle(chosen)
        self.last_settled = chosen
        if wanted:
            self._compare_claim(claim, wanted, worker)
        else:
            assert (claim.until_due_us, claim.jobs) == (self.model.until_due(), [])

    def _compare_claim(self, answer: Any, wanted: int, worker: str) -> None:
        self.issued += [(id, number) for id, number, _ in answer.jobs]
        assert (answer.word, answer.until_due_us, answer.jobs) == self.model.claim(wanted, worker, LEASE_US)

    def _set_policy(self, policy: ModelPolicy) -> None:
        fields = Policy(
            *(policy.mode, policy.order, policy.share, policy.batch, policy.close_when_empty),  # type: ignore[arg-type]
            lifo_above_us=policy.above,
            lifo_below_us=policy.below,
            max_running=policy.max_running,
            max_running_per_group=policy.of_group,
            share_by_group=policy.shares,
            order_by=policy.order_by,  # type: ignore[arg-type]
        ).fields()
        assert self.scripts.put_policy(fields) == self.model.set_policy(policy)
