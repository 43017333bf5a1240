"""What a call counts is kept as one small entry, and added up before anybody reads it (``lua/parts/add_up.lua``)."""

from __future__ import annotations

import pytest

from middleware.commands import keys
from middleware.commands.build import PENDING_CALLS
from middleware.commands.layout import INTERVAL_US
from middleware.commands.types import Again, Call, Exists, Offer, Settlement
from middleware.statistics.counters import TaskStatistics, read_counters

from ..scripted import LEASE_US, WORKER, ScriptedQueue, Token

IDS = [f"job-{i:03d}" for i in range(200)]


def pending(queue: ScriptedQueue) -> int:
    """How many calls' counts nobody has added up yet."""
    return queue.client.llen(keys.pending_counts(queue.name))


def statistics(queue: ScriptedQueue, task: str = "task") -> TaskStatistics:
    return read_counters(queue.scripts).tasks[task]


def add_up(queue: ScriptedQueue) -> None:
    """What is pending from now on was counted by the calls that follow."""
    queue.scripts.read_counters(0, 0)


def at_work(queue: ScriptedQueue, jobs: int = 10) -> Token:
    """A worker that has claimed the newest of these jobs."""
    queue.send_each(*IDS[:jobs])
    (token,) = queue.claim()
    add_up(queue)
    return token


def test_jobs_leave_and_the_next_ones_come_with_all_that_is_kept_of_them(queue: ScriptedQueue) -> None:
    token = at_work(queue)
    queue.clock.forward(ms=30)

    [next_one] = queue.process_and_claim(token, result=b'"done"')

    assert pending(queue) == 1
    left, came = queue.job(token[0]), queue.job(next_one[0])
    assert (left.status.value, left.result, left.run_ms) == ("processed", "done", 30)
    assert left.finished_at_us == came.started_at_us == queue.clock.now_us
    assert (came.id, came.status.value, came.attempts, came.worker) == (IDS[8], "running", 1, WORKER)
    queue.audit()


def test_times_are_added_up_with_the_rest(queue: ScriptedQueue) -> None:
    token = at_work(queue)
    queue.clock.forward(ms=30)
    queue.process_and_claim(token)

    counted = statistics(queue)

    assert pending(queue) == 0
    assert (counted.run.count, counted.run.sum_us) == (1, 30_000)
    assert (counted.wait.count, counted.wait.sum_us) == (2, 30_001)
    assert counted.counts.totals["ended_processed"] == 1


def test_counts_are_added_up_before_they_become_many(queue: ScriptedQueue) -> None:
    token = at_work(queue, 2 * PENDING_CALLS)
    most = 0
    for _ in range(PENDING_CALLS + 3):
        [token] = queue.process_and_claim(token)
        most = max(most, pending(queue))

    assert (most, pending(queue)) == (PENDING_CALLS - 1, 3)
    assert statistics(queue).counts.totals["claimed"] == PENDING_CALLS + 4
    queue.audit()


def test_a_new_interval_begins_with_what_was_counted_before_it(queue: ScriptedQueue) -> None:
    token = at_work(queue)
    [token] = queue.process_and_claim(token)
    assert pending(queue) == 1
    queue.clock.forward(us=INTERVAL_US)

    queue.process_and_claim(token)

    newest, *_ = read_counters(queue.scripts, samples=10).samples
    assert pending(queue) == 0
    assert newest.counts.totals["ended_processed"] == 1
    assert (newest.counts.states["running"], newest.counts.states["processed"]) == (1, 1)


def test_each_task_is_counted_by_itself(queue: ScriptedQueue) -> None:
    for n, task in enumerate(["one", "two", "one", "two", "one"]):
        queue.clock.forward(us=1)
        queue.scripts.accept([Offer(IDS[n], task, queue.encoded(IDS[n]))])
    tokens = queue.claim(2)
    add_up(queue)

    queue.process_and_claim(*tokens)

    assert pending(queue) == 1
    totals = {task: statistics(queue, task).counts.totals for task in ("one", "two")}
    assert [totals[task]["ended_processed"] for task in ("one", "two")] == [1, 1]
    assert [totals[task]["claimed"] for task in ("one", "two")] == [2, 2]
    queue.audit()


def test_tasks_beyond_the_two_hundredth_are_counted_together(queue: ScriptedQueue) -> None:
    queue.scripts.accept([Offer(f"job-{n}", f"task-{n}", queue.encoded(f"job-{n}")) for n in range(210)])
    tokens = queue.claim(3)

    queue.process_and_claim(*tokens)

    totals = statistics(queue, "(other)").counts.totals
    assert (totals["claimed"], totals["ended_processed"]) == (6, 3)
    queue.client.hincrby(keys.counters(queue.name), "orphans", 1)  # the audit knows tasks by their own names only


def test_a_share_of_the_oldest_goes_by_all_claims_before_it(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    token = at_work(queue)
    for _ in range(3):
        [token] = queue.process_and_claim(token)
    assert pending(queue) == 3
    queue.rule(mode="continuous", oldest_share_ppm=200_000)

    # Four claims were made: the fifth is the first that a fifth of all gives to the oldest.
    assert queue.process_and_claim(token)[0][0] == IDS[0]


def test_a_snapshot_knows_of_the_last_claim(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    token = at_work(queue)
    queue.clock.forward(s=1)
    queue.process_and_claim(token)
    assert pending(queue) == 1

    assert queue.snapshot().last_claim_us == queue.clock.now_us


def test_credits_are_used_up_to_the_last_one(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows", close_when_empty=False)
    window = queue.open(credits=5)
    token = at_work(queue)
    claimed = 1
    while tokens := queue.process_and_claim(token):
        [token] = tokens
        claimed += 1

    assert claimed == 5
    noted = queue.window(window)
    assert (noted.claimed, noted.processed, noted.close_reason) == (5, 5, "credits")
    queue.audit()


@pytest.mark.parametrize("why", ["retried before", "to be cancelled", "from another window", "twice in a call"])
def test_a_job_is_processed_whatever_came_before(queue: ScriptedQueue, why: str) -> None:
    queue.rule(mode="windows", close_when_empty=False)
    first = queue.open()
    token = at_work(queue)
    tokens = [token]
    if why == "retried before":
        queue.settle(token, "retry")
        tokens = queue.claim()
    elif why == "to be cancelled":
        queue.cancel(token[0], "enough")
    elif why == "from another window":
        queue.open()
    elif why == "twice in a call":
        tokens = [token, token]

    queue.process_and_claim(*tokens)

    assert queue.status(tokens[0][0]) == "processed"
    assert (queue.window(first).processed, queue.ended("processed"), queue.count("stale_settles")) == (1, 1, 0)
    queue.audit()


def test_a_job_is_accepted_at_once_and_counted_later(queue: ScriptedQueue) -> None:
    queue.send("first")
    add_up(queue)
    queue.clock.forward(us=5)

    accepted = queue.send("second")

    assert pending(queue) == 1
    assert accepted[:3] == (queue.clock.now_us, [None], queue.clock.now_us)
    assert (queue.job("second").seq, queue.status("second")) == (queue.clock.now_us, "queued")
    assert statistics(queue).counts.totals["accepted"] == 2
    queue.audit()


def test_accepted_jobs_are_counted_before_they_become_many(queue: ScriptedQueue) -> None:
    queue.send_each(*IDS[: PENDING_CALLS + 2])

    assert pending(queue) == 1  # the first call begins an interval, and the 64th after it adds them all up
    assert statistics(queue).counts.totals["accepted"] == PENDING_CALLS + 2


def test_what_was_accepted_is_no_claim(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    at_work(queue)
    claimed_at = queue.clock.now_us
    queue.clock.forward(s=1)
    queue.send("one more")
    assert pending(queue) == 1

    assert queue.snapshot().last_claim_us == claimed_at


def test_a_call_that_is_sent_again_and_an_id_that_is_known_make_no_second_job(queue: ScriptedQueue) -> None:
    queue.send("first")
    call = Call(b"caller", 1)
    queue.offer("second", call=call)

    assert queue.offer("second", call=call) == Again()
    assert queue.offer("second", call=Call(b"caller", 2)) == Exists(1, "second")
    assert statistics(queue).counts.totals["accepted"] == 2


@pytest.mark.parametrize(
    ("gate", "rings"), [("continuous", True), ("open", True), ("over", False), ("closed", False), ("paused", False)]
)
def test_the_doorbell_rings_where_jobs_may_be_claimed(queue: ScriptedQueue, gate: str, rings: bool) -> None:
    queue.send("first")
    queue.rule(mode="continuous" if gate == "continuous" else "windows", close_when_empty=False)
    if gate in ("open", "over", "paused"):
        queue.open(lasts_us=1_000_000)
    if gate == "paused":
        queue.broker.control.pause(queue.name, reason="", by="me")
    if gate == "over":
        queue.clock.forward(s=2)
    queue.silence()
    add_up(queue)

    queue.send("second")

    assert queue.is_rung() == rings


def test_counters_that_somebody_removed_stop_nobody(queue: ScriptedQueue) -> None:
    token = at_work(queue, 2 * PENDING_CALLS)
    queue.client.delete(keys.task_counters(queue.name))
    for _ in range(PENDING_CALLS + 1):
        [token] = queue.process_and_claim(token)

    assert statistics(queue).counts.totals["claimed"] == PENDING_CALLS + 1
    queue.client.hincrby(keys.counters(queue.name), "orphans", 1)  # the audit knows what was removed by this alone


def test_a_settlement_that_is_sent_again_changes_nothing(queue: ScriptedQueue) -> None:
    token = at_work(queue)
    queue.process_and_claim(token)

    claim, stale = queue.scripts.settle([Settlement(*token, "processed")], WORKER, LEASE_US, 0)

    assert (claim.jobs, stale) == ([], [])
    assert statistics(queue).counts.totals["ended_processed"] == 1
