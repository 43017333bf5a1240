"""Order by generation: last generated, first served, whenever it came."""

from __future__ import annotations

import pytest

from middleware.commands import keys

from ..scripted import ScriptedQueue

S = 1_000_000


@pytest.fixture
def ordered(queue: ScriptedQueue) -> ScriptedQueue:
    """A continuous queue whose policy orders by generation."""
    queue.rule(mode="continuous", order_by="generated")
    queue.clock.forward(s=1)
    return queue


def test_the_job_that_was_generated_last_is_claimed_first(ordered: ScriptedQueue) -> None:
    ordered.send_generated(5 * S, "5 s old")
    ordered.send_generated(9 * S, "9 s old")
    ordered.send_generated(1 * S, "1 s old")
    ordered.send_generated(7 * S, "7 s old")

    assert ordered.waiting() == ["1 s old", "5 s old", "7 s old", "9 s old"]
    assert ordered.job("7 s old").place == ordered.clock.now_us - 7 * S
    assert ordered.claimed_ids(4) == ["1 s old", "5 s old", "7 s old", "9 s old"]
    assert ordered.snapshot().order_inversions == 0
    ordered.audit()


def test_fifo_begins_with_the_one_that_was_generated_first(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="fifo", order_by="generated")
    queue.send_generated(5 * S, "5 s old")
    queue.send_generated(9 * S, "9 s old")

    assert queue.claimed_ids(2) == ["9 s old", "5 s old"]


def test_without_a_time_of_generation_the_acceptance_counts(ordered: ScriptedQueue) -> None:
    ordered.send("accepted first")
    ordered.clock.forward(s=2)
    ordered.send_generated(1 * S, "generated between")
    ordered.send_generated(3 * S, "generated before")
    ordered.send("accepted last")

    assert ordered.waiting() == ["accepted last", "generated between", "accepted first", "generated before"]


def test_a_time_that_lies_ahead_counts_as_the_acceptance(ordered: ScriptedQueue) -> None:
    ordered.send_generated(-3600 * S, "ahead")
    ordered.clock.forward(us=1)
    ordered.send("later")

    assert ordered.waiting() == ["later", "ahead"]
    assert ordered.job("ahead").place == ordered.job("ahead").seq
    ordered.audit()


@pytest.mark.parametrize("apart", [1, 30, 1100])
def test_of_those_generated_in_the_same_microsecond_the_one_accepted_last_is_on_top(
    ordered: ScriptedQueue, apart: int
) -> None:
    together = [f"{apart + 5000 - i}" for i in range(apart)]  # ids that would order them the other way round
    for start in range(0, apart, 400):
        ordered.send_generated(5 * S, *together[start : start + 400])
    ordered.send_generated(5 * S - 10 * 1000, "10 ms younger")

    waiting = ordered.waiting()

    assert waiting[0] == "10 ms younger"
    told_apart = min(apart, 1000)
    assert waiting[-told_apart:] == together[:told_apart][::-1]
    ordered.audit()


def test_where_the_policy_orders_by_acceptance_the_time_is_only_kept(queue: ScriptedQueue) -> None:
    queue.send_generated(5 * S, "first")
    queue.clock.forward(us=1)
    queue.send_generated(9 * S, "second")

    assert queue.waiting() == ["second", "first"]
    assert queue.client.zcard(keys.displaced(queue.name)) == 0


def test_a_place_is_given_at_the_acceptance_whatever_the_policy_says_later(ordered: ScriptedQueue) -> None:
    ordered.send_generated(9 * S, "by generation")
    ordered.rule(mode="continuous", order_by="accepted")
    ordered.clock.forward(us=1)
    ordered.send_generated(20 * S, "by acceptance")
    ordered.rule(mode="continuous", order_by="generated")
    ordered.send_generated(5 * S, "by generation again")

    assert ordered.waiting() == ["by acceptance", "by generation again", "by generation"]


def test_a_delayed_job_and_a_retry_go_to_the_place_of_their_generation(ordered: ScriptedQueue) -> None:
    ordered.send_generated(5 * S, "delayed", after_us=2 * S)
    ordered.send_generated(7 * S, "tried")
    (token,) = ordered.claim()
    ordered.settle(token, "retry", delay_us=2 * S)
    ordered.send_generated(6 * S, "between")
    assert ordered.job("delayed").place is not None
    ordered.clock.forward(s=2)

    ordered.scripts.promote()

    assert ordered.waiting() == ["delayed", "between", "tried"]
    ordered.audit()


def test_a_delayed_job_without_a_time_goes_where_it_falls_due(ordered: ScriptedQueue) -> None:
    ordered.send("delayed", after_us=2 * S)
    ordered.clock.forward(s=3)
    ordered.send_generated(2 * S, "generated before it fell due")

    assert ordered.claimed_ids(2) == ["delayed", "generated before it fell due"]


def test_an_operators_retry_goes_on_top(ordered: ScriptedQueue) -> None:
    ordered.send_generated(9 * S, "a")
    ordered.cancel("a", "")
    ordered.send_generated(0, "b")

    assert ordered.retry("a", ordered.encoded("a")) == "queued"
    assert ordered.waiting() == ["a", "b"]
    ordered.audit()


def test_a_late_older_job_of_a_subject_does_not_supersede_a_newer_one(ordered: ScriptedQueue) -> None:
    ordered.send_generated(1 * S, "newer", subject="car")
    ordered.send_generated(9 * S, "late", subject="car")

    assert ordered.waiting() == ["newer"]
    assert (ordered.job("late").status, ordered.job("late").superseded_by) == ("superseded", "newer")
    ordered.audit()


def test_a_late_job_is_outdated_too_when_the_newer_one_runs_or_was_processed(ordered: ScriptedQueue) -> None:
    ordered.send_generated(1 * S, "newer", subject="car")
    (token,) = ordered.claim()
    ordered.send_generated(9 * S, "late", subject="car", supersede_running=True)
    assert not ordered.job("newer").cancel_requested
    ordered.settle(token)
    ordered.send_generated(5 * S, "still late", subject="car")

    assert [ordered.job(id).superseded_by for id in ("late", "still late")] == ["newer", "newer"]
    ordered.audit()


def test_a_retry_that_was_generated_before_gives_way_though_it_came_later(ordered: ScriptedQueue) -> None:
    ordered.send_generated(9 * S, "older", subject="car")
    (token,) = ordered.claim()
    ordered.send_generated(5 * S, "newer", subject="car")
    ordered.settle(token, "retry", delay_us=1)

    assert ordered.job("older").superseded_by == "newer"
    assert ordered.waiting() == ["newer"]
    ordered.audit()


def test_in_a_batch_the_one_generated_last_wins(ordered: ScriptedQueue) -> None:
    answer = ordered.send_batch_about("car", a=9 * S, b=1 * S, c=5 * S)

    assert ordered.waiting() == ["b"]
    assert {ordered.job(id).superseded_by for id in "ac"} == {"b"}
    assert len(answer.records) == 3
    ordered.audit()


@pytest.mark.parametrize("runs", [False, True])
def test_what_came_late_in_a_batch_never_keeps_a_turn(ordered: ScriptedQueue, runs: bool) -> None:
    """One that keeps its turn waits or runs, with a newer one behind it; then come an older and a newer one at once."""
    ordered.rule(mode="continuous", order="fifo", order_by="generated")
    ordered.send_generated(0, "keeps", subject="car")
    ordered.clock.forward(s=1)
    ordered.send_generated(0, "behind", subject="car", max_defer_us=1)
    assert ordered.waiting() == ["behind", "keeps"]
    if runs:
        assert ordered.claimed_ids() == ["keeps"]

    ordered.send_batch_about("car", late=9 * S, new=0)

    assert [ordered.job(id).superseded_by for id in ("late", "behind")] == ["new", "new"]
    assert ordered.waiting() == (["new"] if runs else ["new", "keeps"])
    ordered.audit()


def test_freshness_counts_from_the_generation(ordered: ScriptedQueue) -> None:
    ordered.send_generated(7 * S, "a", subject="car")
    (token,) = ordered.claim()
    ordered.settle(token)
    ordered.clock.forward(s=1)

    fresh = ordered.snapshot().freshness
    assert fresh is not None
    assert fresh.as_dict()["oldest_s"] == 8
    ordered.scripts.prune(0, 0, 0, 0)
    assert ordered.snapshot().freshness is None
    ordered.audit()


def test_lists_go_by_acceptance_all_the_same(ordered: ScriptedQueue) -> None:
    for i in range(7):
        ordered.clock.forward(ms=1)
        ordered.send_generated((i * 3 % 7) * S, f"{i}")

    ids: list[str] = []
    below = None
    while True:
        below, rows = ordered.scripts.page(below, 3, ["stack", "displaced"])
        ids += [id for id, _ in rows]
        if below is None:
            break
    assert ids == list("6543210")
