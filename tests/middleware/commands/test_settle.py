"""Settling: outcomes, retries, put back, stale tokens, a settlement that is sent twice, claims that ride on it."""

from __future__ import annotations

from middleware.commands.types import Settlement

from ..scripted import LEASE_US, SILENCE_US, WORKER, ScriptedQueue

FAILURE = b'{"type":"ValueError","message":"no","traceback":"Traceback"}'


def test_a_processed_job_keeps_its_result_and_its_times(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.clock.forward(ms=30)

    assert queue.settle(token, result=b'{"words":2}') == 0

    job = queue.job("a")
    assert (job.status.value, job.result, job.run_ms) == ("processed", {"words": 2}, 30)
    assert job.finished_at_us == queue.clock.now_us
    assert queue.ended("processed") == 1


def test_a_rejected_job_keeps_the_reason_and_the_error(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], "rejected", reason="failed", failure=FAILURE)

    job = queue.job("a")
    assert (job.status.value, job.reason, job.result) == ("rejected", "failed", None)
    assert job.error is not None
    assert (job.error.type, job.error.message, job.error.traceback) == ("ValueError", "no", "Traceback")
    assert job.error.at_us == queue.clock.now_us


def test_a_result_that_could_not_be_kept_leaves_the_reason(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], result=b"!too large")

    assert (queue.job("a").result, queue.job("a").result_error) == (None, "too large")


def test_a_retry_goes_back_to_its_own_place(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    token = queue.claim()[0]
    queue.send_each("c")

    queue.settle(token, "retry", failure=FAILURE)

    assert queue.waiting() == ["c", "b", "a"]
    job = queue.job("b")
    assert (job.status.value, job.attempts, job.place) == ("queued", 1, job.seq)
    assert job.error is not None
    assert queue.count("retried") == 1


def test_a_retry_with_a_delay_waits_and_then_takes_its_own_place(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    token = queue.claim()[0]
    queue.settle(token, "retry", delay_us=2_000)

    scheduled = queue.job("b")
    assert (scheduled.status.value, scheduled.due_at_us) == ("scheduled", queue.clock.now_us + 2_000)
    queue.clock.forward(us=1_000)
    queue.send("c")
    queue.clock.forward(us=1_000)
    queue.scripts.promote()

    assert queue.waiting() == ["c", "b", "a"]
    assert queue.job("b").place == queue.job("b").seq


def test_a_delayed_job_that_is_retried_keeps_the_place_it_got_when_it_fell_due(queue: ScriptedQueue) -> None:
    queue.send("delayed", after_us=1_000)
    queue.clock.forward(us=1_000)
    due_us = queue.clock.now_us
    queue.settle(queue.claim()[0], "retry", delay_us=5_000)
    queue.clock.forward(us=5_000)

    assert queue.claimed_ids() == ["delayed"]
    assert queue.job("delayed").place == due_us


def test_a_retry_takes_the_changed_message_along(queue: ScriptedQueue) -> None:
    queue.send("a")
    changed = queue.encoded("a").replace(b'"options":{}', b'"options":{"retries":1}')
    queue.settle(queue.claim()[0], "retry", message=changed)

    assert queue.hand_out(1).jobs == [(*queue.token("a", 2), changed)]


def test_put_back_goes_to_its_own_place_and_is_no_retry(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c")
    b = queue.claim(2)[1]

    queue.settle(b, "put_back")

    assert queue.waiting() == ["b", "a"]
    assert queue.count("retried") == 0
    assert queue.job("b").error is None


def test_a_settlement_that_is_sent_twice_changes_nothing_and_is_not_stale(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.settle(token)
    queue.clock.forward(s=1)

    assert queue.settle(token) == 0
    assert queue.job("a").finished_at_us == queue.clock.now_us - 1_000_000
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)


def test_a_retry_that_is_sent_twice_is_one_retry_even_if_the_job_runs_again(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.settle(token, "retry")

    assert queue.settle(token, "retry") == 0
    second = queue.claim()[0]
    assert queue.settle(token, "retry") == 0

    assert second == queue.token("a", 2)
    assert queue.status("a") == "running"
    assert queue.count("retried") == 1


def test_a_stale_settlement_is_counted_and_harmless(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.lose_leases()

    assert queue.settle(token, result=b"1") == 1

    assert queue.status("a") == "queued"
    assert queue.job("a").result is None
    assert queue.count("stale_settles") == 1


def test_a_stale_settlement_does_not_touch_the_attempt_that_runs_now(queue: ScriptedQueue) -> None:
    queue.send("a")
    first = queue.claim()[0]
    queue.lose_leases()
    second = queue.claim(worker="worker-b")[0]

    assert queue.settle(first, "rejected", failure=FAILURE) == 1

    job = queue.job("a")
    assert (job.status.value, job.worker, job.error) == ("running", "worker-b", None)
    assert queue.settle(second) == 0
    assert queue.status("a") == "processed"


def test_a_token_of_a_former_life_of_an_id_is_worth_nothing(queue: ScriptedQueue) -> None:
    queue.send("a")
    stopped = queue.claim()[0]
    queue.lose_leases()
    queue.settle(queue.claim(worker="worker-b")[0])
    queue.scripts.prune(0, 0, 0, 10**6)
    queue.send("a")
    queue.claim(worker="worker-b")

    assert queue.settle(stopped) == 1
    assert queue.scripts.heartbeat(LEASE_US, SILENCE_US, [stopped]) == [("a", "lost")]
    assert queue.scripts.progress(stopped, b"{}") == "stale"
    assert (queue.status("a"), queue.job("a").attempts) == ("running", 1)


def test_a_settlement_of_a_job_that_nobody_knows_is_stale(queue: ScriptedQueue) -> None:
    assert queue.settle(("unknown", 1)) == 1


def test_one_call_settles_many_in_all_ways(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c, b, a = queue.claim(4)

    stale = queue.settle_all(
        [
            Settlement(*a, "processed"),
            Settlement(*b, "rejected", reason="failed"),
            Settlement(*c, "retry", 5_000),
            Settlement(*d, "put_back"),
            Settlement("unknown", 1, "processed"),
        ]
    )

    assert stale == 1
    states = {id: queue.status(id) for id in ("a", "b", "c", "d")}
    assert states == {"a": "processed", "b": "rejected", "c": "scheduled", "d": "queued"}


def test_settling_and_claiming_is_one_call(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c")
    c = queue.claim()[0]

    claim, stale = queue.scripts.settle([Settlement(*c, "processed")], WORKER, LEASE_US, 1)

    assert (claim.word, stale) == ("open", [])
    assert [(id, number) for id, number, _ in claim.jobs] == [queue.token("b", 1)]


def test_a_retry_without_delay_can_come_back_in_the_very_call_that_settles_it(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    b = queue.claim()[0]

    claim, _ = queue.scripts.settle([Settlement(*b, "retry")], WORKER, LEASE_US, 1)

    assert [(id, number) for id, number, _ in claim.jobs] == [queue.token("b", 2)]


def test_settling_without_a_claim_rings_for_a_job_that_went_back(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    assert not queue.is_rung()

    queue.settle(token, "put_back")

    assert queue.is_rung()


def test_a_beat_that_crosses_a_settlement_does_not_count_as_a_lost_lease(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.settle(token)

    assert list(queue.scripts.heartbeat(LEASE_US, LEASE_US, [token])) == []
