"""Deadlines: what isn't claimed in time expires, where it waits and when its time is up, and never runs."""

from __future__ import annotations

import pytest

from middleware.commands import build, keys
from middleware.commands.types import Settlement

from ..scripted import LEASE_US, START_US, WORKER, ScriptedQueue

S = 1_000_000


def test_a_job_that_nobody_claims_by_its_deadline_expires_in_its_place(queue: ScriptedQueue) -> None:
    queue.send("older")
    queue.clock.forward(us=1)
    queue.send("in time", expires_in_us=10 * S)
    queue.send_each("newer")

    assert queue.scripts.promote() == 10 * S - 1
    queue.clock.forward(s=10)
    assert queue.scripts.promote() == -1

    expired = queue.job("in time")
    assert (expired.status, expired.reason, expired.attempts) == ("expired", "deadline", 0)
    assert expired.expires_at_us == START_US + 1 + 10 * S
    assert expired.finished_at_us == queue.clock.now_us
    assert queue.waiting() == ["newer", "older"]
    assert queue.ended("expired") == 1
    queue.audit()


def test_a_job_expires_at_its_deadline_and_not_a_microsecond_before(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=5)
    queue.clock.forward(us=4)
    assert queue.scripts.promote() == 1
    assert queue.status("a") == "queued"

    queue.clock.forward(us=1)
    queue.scripts.promote()

    assert queue.status("a") == "expired"


def test_a_claim_hands_out_no_job_whose_deadline_has_passed(queue: ScriptedQueue) -> None:
    queue.send("old")
    queue.send("late", expires_in_us=5)
    queue.clock.forward(us=5)

    assert queue.claimed_ids(2) == ["old"]
    assert queue.status("late") == "expired"
    queue.audit()


@pytest.mark.parametrize("order", ["lifo", "fifo"])
@pytest.mark.parametrize("share", [0, 400_000])
def test_a_claim_passes_more_late_jobs_than_one_call_ends(queue: ScriptedQueue, order: str, share: int) -> None:
    many = 3 * build.PARAMETERS["EXPIRED_AT_ONCE"] // 2
    queue.rule(mode="continuous", order=order, oldest_share_ppm=share)
    queue.send("bottom")
    queue.send(*(f"late-{n}" for n in range(many)), expires_in_us=5)
    queue.clock.forward(us=4)
    queue.send("top")
    queue.clock.forward(us=1)

    found = [*queue.claimed_ids(1), *queue.claimed_ids(2)]

    assert sorted(found) == ["bottom", "top"]
    assert queue.snapshot().order_inversions == 0
    while queue.scripts.promote() == 0:
        pass
    assert queue.ended("expired") == many
    queue.audit()


def test_a_claim_that_passes_too_many_late_jobs_rings_for_another_one(queue: ScriptedQueue) -> None:
    many = 3 * build.PARAMETERS["EXPIRED_AT_ONCE"]
    queue.send("bottom")
    queue.send(*(f"late-{n}" for n in range(many)), expires_in_us=5)
    queue.clock.forward(us=5)

    words = []
    for _ in range(4):
        queue.silence()
        claim = queue.hand_out()
        words.append((claim.word, len(claim.jobs)))
        if claim.jobs:
            break
        assert queue.is_rung()

    assert words[0] == ("open", 0)
    assert words[-1] == ("empty", 1)
    queue.audit()


def test_a_delayed_job_expires_before_it_falls_due(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=20, expires_in_us=10)

    assert queue.scripts.promote() == 10
    queue.clock.forward(us=10)
    assert queue.scripts.promote() == -1

    assert queue.status("later") == "expired"
    queue.audit()


def test_a_retry_that_would_come_too_late_expires(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=10 * S)
    (token,) = queue.claim()
    queue.audit()
    queue.settle(token, "retry", delay_us=60 * S, message=b"again")
    assert queue.status("a") == "scheduled"
    queue.audit()

    queue.clock.forward(s=10)
    queue.scripts.promote()

    assert (queue.status("a"), queue.job("a").attempts) == ("expired", 1)
    queue.audit()


def test_a_running_job_outlives_its_deadline_and_expires_when_it_comes_back(queue: ScriptedQueue) -> None:
    queue.send("done", "lost", expires_in_us=10 * S)
    lost, done = queue.claim(2)
    queue.clock.forward(s=11)
    assert queue.scripts.promote() == -1
    assert queue.status("lost") == "running"

    queue.settle(done)
    queue.settle(lost, "put_back")
    assert queue.status("lost") == "queued"
    assert queue.claimed_ids() == []

    assert (queue.status("done"), queue.status("lost")) == ("processed", "expired")
    queue.audit()


def test_a_call_that_settles_and_claims_doesnt_hand_out_the_late_job_that_it_puts_back(queue: ScriptedQueue) -> None:
    queue.send("other")
    queue.send("late", expires_in_us=10 * S)
    (token,) = queue.claim()
    queue.clock.forward(s=11)

    claim, _ = queue.scripts.settle([Settlement(*token, "put_back")], WORKER, LEASE_US, 2)

    assert [id for id, _, _ in claim.jobs] == ["other"]
    assert queue.status("late") == "expired"
    queue.audit()


def test_an_operators_retry_clears_the_deadline(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=5)
    queue.clock.forward(us=5)
    queue.scripts.promote()

    assert queue.retry("a", queue.encoded("a")) == "queued"

    queue.clock.forward(s=100)
    assert queue.job("a").expires_at_us is None
    assert queue.claimed_ids() == ["a"]
    queue.audit()


def test_a_deadline_that_has_passed_when_the_job_comes_ends_it(queue: ScriptedQueue) -> None:
    queue.offer("a", deadline=b"%d" % (START_US - 1))

    assert queue.claimed_ids() == []
    assert queue.status("a") == "expired"
    queue.audit()


def test_whoever_sleeps_hears_of_an_earlier_deadline_even_at_a_closed_gate(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows")
    queue.send("a", expires_in_us=10 * S)
    assert queue.is_rung()
    queue.silence()

    queue.send("later", expires_in_us=20 * S)
    assert not queue.is_rung()
    queue.send("sooner", expires_in_us=5 * S)

    assert queue.is_rung()
    assert queue.hand_out().until_due_us == 5 * S
    queue.audit()


def test_a_window_ends_when_the_last_waiting_job_expires(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows", close_when_empty=True)
    queue.send("a", expires_in_us=5)
    window = queue.open()
    queue.clock.forward(us=5)

    queue.scripts.promote()

    assert queue.window(window).close_reason == "empty"
    queue.audit()


def test_cancelled_and_flushed_jobs_leave_no_deadline_behind(queue: ScriptedQueue) -> None:
    queue.send("queued", "flushed", expires_in_us=5)
    queue.send("scheduled", "flushed too", after_us=9, expires_in_us=7)
    assert queue.scripts.cancel_all(["queued", "scheduled"], "called off") == ["cancelled", "cancelled"]
    queue.audit()

    queue.broker.flush(queue.name)

    assert not queue.client.exists(keys.deadlines(queue.name), keys.due(queue.name))
    queue.audit()


def test_the_bound_on_waiting_jobs_counts_no_deadlines(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=5)

    assert type(queue.offer("b", most_waiting=2)).__name__ == "Accepted"
    assert type(queue.offer("c", most_waiting=2)).__name__ == "Crowded"
    assert queue.snapshot().faults() == []


def test_an_expired_job_is_pruned_like_all_that_ended(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=5)
    queue.clock.forward(us=5)
    queue.scripts.promote()

    assert queue.scripts.prune(0, 0, 0, 0) == 1
    queue.audit()
