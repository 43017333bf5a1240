"""Subjects: of the jobs about the same thing only the newest waits, and a retry never overwrites fresh work."""

from __future__ import annotations

import pytest

from middleware.commands import keys
from middleware.commands.types import Settlement

from ..scripted import LEASE_US, WORKER, ScriptedQueue, Token

S = 1_000_000


def states(queue: ScriptedQueue, *ids: str) -> list[str]:
    return [queue.status(id) for id in ids]


def claimed_about(queue: ScriptedQueue, subject: str, id: str) -> Token:
    """A job that runs, about this subject."""
    queue.clock.forward(us=1)
    queue.send_about(subject, id)
    (token,) = queue.claim()
    assert token[0] == id
    return token


def test_a_newer_job_supersedes_the_one_that_waits(queue: ScriptedQueue) -> None:
    queue.send_about("customer-7", "old")
    queue.send_each("other")
    queue.send_about("customer-8", "someone else's")
    queue.clock.forward(us=1)
    queue.send_about("customer-7", "new")

    job = queue.job("old")
    assert (job.status, job.superseded_by, job.finished_at_us) == ("superseded", "new", queue.clock.now_us)
    assert queue.waiting() == ["new", "someone else's", "other"]
    assert queue.ended("superseded") == 1
    queue.audit()


def test_a_scheduled_job_counts_as_waiting(queue: ScriptedQueue) -> None:
    queue.send_about("a", "later", after_us=60 * S)
    queue.send_about("a", "later still", after_us=90 * S)
    queue.send_about("a", "now")

    assert states(queue, "later", "later still", "now") == ["superseded", "superseded", "queued"]
    assert queue.job("later").superseded_by == "later still"
    assert queue.scripts.promote() == -1
    queue.audit()


def test_in_a_batch_the_last_one_wins(queue: ScriptedQueue) -> None:
    queue.send_about("a", "before")
    queue.send_about("a", "first", "second", "last")

    assert states(queue, "before", "first", "second", "last") == ["superseded", "superseded", "superseded", "queued"]
    assert {queue.job(id).superseded_by for id in ("before", "first", "second")} == {"last"}
    queue.audit()


@pytest.mark.parametrize("newer", ["waits", "runs", "processed"])
@pytest.mark.parametrize("outcome", ["retry", "put_back"])
def test_a_job_that_comes_back_beside_a_newer_one_is_superseded(queue: ScriptedQueue, newer: str, outcome: str) -> None:
    queue.rule(close_when_empty=False)
    window = queue.open()
    old = claimed_about(queue, "a", "old")
    queue.send_about("a", "new")
    if newer != "waits":
        (new,) = queue.claim()
        if newer == "processed":
            queue.settle(new)

    queue.settle(old, outcome, delay_us=5 * S if outcome == "retry" else 0)

    job = queue.job("old")
    assert (job.status, job.superseded_by) == ("superseded", "new")
    assert (queue.window(window).put_back, queue.count("retried")) == (1, 0)
    queue.audit()


def test_a_job_whose_worker_died_is_superseded_beside_a_newer_one(queue: ScriptedQueue) -> None:
    claimed_about(queue, "a", "old")
    queue.send_about("a", "new")

    assert queue.lose_leases() == [("old", "u")]
    queue.audit()


@pytest.mark.parametrize("end", ["rejected", "cancelled"])
def test_a_newer_one_that_came_to_nothing_lets_the_older_one_try_again(queue: ScriptedQueue, end: str) -> None:
    old = claimed_about(queue, "a", "old")
    new = claimed_about(queue, "a", "new")
    queue.settle(new, end)

    queue.settle(old, "retry", delay_us=5 * S)

    assert states(queue, "old", "new") == ["scheduled", end]
    queue.audit()


def test_a_call_that_settles_both_goes_by_what_it_settled_before(queue: ScriptedQueue) -> None:
    old = claimed_about(queue, "a", "old")
    new = claimed_about(queue, "a", "new")

    queue.settle_all([Settlement(*new, "rejected"), Settlement(*old, "put_back")])

    assert states(queue, "old", "new") == ["queued", "rejected"]
    queue.audit()


def test_a_running_job_is_asked_to_stop_where_that_is_wanted(queue: ScriptedQueue) -> None:
    quiet = claimed_about(queue, "b", "quiet")
    stopped = claimed_about(queue, "a", "stopped")
    heard = queue.client.pubsub()
    heard.subscribe(keys.cancellations())
    assert heard.get_message(timeout=30)["type"] == "subscribe"

    queue.send_about("b", "new b")
    queue.send_about("a", "new a", stops_running=True)

    assert heard.get_message(timeout=30)["data"] == "stopped"
    assert queue.scripts.heartbeat(LEASE_US, LEASE_US, [quiet, stopped]) == [("stopped", "cancel")]
    queue.settle(stopped, "cancelled")
    job = queue.job("stopped")
    assert (job.status, job.superseded_by, job.reason) == ("superseded", "new a", None)
    queue.audit()
    heard.close()


def test_a_running_job_that_ends_well_all_the_same_is_processed(queue: ScriptedQueue) -> None:
    old = claimed_about(queue, "a", "old")
    queue.send_about("a", "new", stops_running=True)

    queue.settle(old)

    job = queue.job("old")
    assert (job.status, job.superseded_by, job.cancel_requested) == ("processed", None, True)
    queue.audit()


def test_a_stream_of_newer_ones_keeps_a_subject_from_running_for_so_long_at_most(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="fifo")
    for n in range(8):
        queue.clock.forward(s=1)
        queue.send_about("a", f"{n}", max_defer_us=5 * S)

    assert states(queue, *"01234567") == [*["superseded"] * 4, "queued", *["superseded"] * 2, "queued"]
    assert queue.claimed_ids() == ["4"]
    queue.clock.forward(s=1)
    queue.send_about("a", "8", max_defer_us=5 * S)
    assert states(queue, "7", "8") == ["superseded", "queued"]
    queue.audit()


def test_a_debounced_job_runs_in_the_end(queue: ScriptedQueue) -> None:
    """Each new one comes before the last one falls due."""
    for n in range(6):
        queue.send_about("a", f"{n}", after_us=2 * S, max_defer_us=4 * S)
        queue.clock.forward(s=1)

    queue.scripts.promote()
    assert states(queue, *"0123") == [*["superseded"] * 3, "queued"]
    assert queue.claimed_ids() == ["3"]
    assert states(queue, *"45") == ["superseded", "scheduled"]
    queue.audit()


def test_what_keeps_its_turn_is_superseded_when_the_newer_one_runs_first(queue: ScriptedQueue) -> None:
    queue.send_about("a", "kept")
    queue.clock.forward(s=10)
    queue.send_about("a", "new", max_defer_us=5 * S)
    assert states(queue, "kept", "new") == ["queued", "queued"]

    assert queue.claimed_ids() == ["new"]

    assert (queue.status("kept"), queue.job("kept").superseded_by) == ("superseded", "new")
    queue.audit()


def test_one_claim_of_both_takes_the_newer_one_and_nothing_that_lies_below_in_a_wrong_order(
    queue: ScriptedQueue,
) -> None:
    queue.send("bottom")
    queue.clock.forward(us=1)
    queue.send_about("a", "kept")
    queue.clock.forward(s=10)
    queue.send_each("middle")
    queue.send_about("a", "new", max_defer_us=5 * S)

    claim = queue.hand_out(4)

    assert ([id for id, _, _ in claim.jobs], claim.word) == (["new", "middle"], "open")
    assert queue.status("kept") == "superseded"
    assert queue.is_rung()
    assert queue.claimed_ids(4) == ["bottom"]
    assert queue.snapshot().order_inversions == 0
    queue.audit()


def test_an_operators_retry_never_overwrites_fresh_work(queue: ScriptedQueue) -> None:
    queue.settle(claimed_about(queue, "a", "old"), "rejected")
    queue.settle(claimed_about(queue, "a", "new"))

    assert queue.retry("old", queue.encoded("old")) == "superseded"
    assert queue.status("old") == "rejected"


def test_an_operators_retry_takes_the_turn_of_an_older_one(queue: ScriptedQueue) -> None:
    old = claimed_about(queue, "a", "old")
    queue.settle(claimed_about(queue, "a", "new"), "rejected")
    queue.settle(old, "put_back")
    assert queue.status("old") == "queued"

    assert queue.retry("new", queue.encoded("new")) == "queued"

    assert states(queue, "old", "new") == ["superseded", "queued"]
    queue.audit()


def test_a_job_that_was_superseded_by_nobody_who_is_left_may_wait(queue: ScriptedQueue) -> None:
    queue.send_about("a", "old")
    queue.send_about("a", "new")
    queue.cancel("new", "called off")
    queue.send_about("a", "newest")

    assert states(queue, "old", "new", "newest") == ["superseded", "cancelled", "queued"]
    assert queue.retry("old", queue.encoded("old")) == "superseded"
    queue.audit()


def test_a_window_ends_when_its_last_job_is_superseded_by_one_for_later(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows", close_when_empty=True)
    queue.send_about("a", "now")
    window = queue.open()

    queue.send_about("a", "later", after_us=60 * S)

    assert queue.window(window).close_reason == "empty"
    queue.audit()


def test_only_the_newest_processed_job_of_a_subject_is_remembered(queue: ScriptedQueue) -> None:
    slow = claimed_about(queue, "a", "slow")
    for id in ("one", "two"):
        queue.settle(claimed_about(queue, "a", id))
    queue.settle(slow)
    queue.audit()

    assert queue.client.zcard(keys.subjects(queue.name)) == queue.client.zcard(keys.freshness(queue.name)) == 1


def test_pruned_and_flushed_jobs_leave_nothing_of_their_subjects(queue: ScriptedQueue) -> None:
    queue.settle(claimed_about(queue, "a", "done"))
    queue.send_about("b", "waits")
    queue.broker.flush(queue.name)
    while queue.scripts.prune(0, 0, 0, 0):
        pass

    assert not queue.client.exists(keys.subjects(queue.name), keys.freshness(queue.name))
    queue.audit()


def test_a_settling_worker_that_claims_both_gets_the_newer_one(queue: ScriptedQueue) -> None:
    queue.send("busy")
    (token,) = queue.claim()
    queue.send_about("a", "kept")
    queue.clock.forward(s=10)
    queue.send_about("a", "new", max_defer_us=1)

    claim, _ = queue.scripts.settle([Settlement(*token, "processed")], WORKER, LEASE_US, 2)

    assert [id for id, _, _ in claim.jobs] == ["new"]
    assert claim.word == "empty"
    queue.audit()
