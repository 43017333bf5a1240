"""Claiming: order, the share of the oldest, gates, leases, the doorbell."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..scripted import LEASE_US, WORKER, ScriptedQueue

PPM = 1_000_000


def test_the_newest_job_is_claimed_first(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c")

    assert [queue.claimed_ids(), queue.claimed_ids(), queue.claimed_ids()] == [["c"], ["b"], ["a"]]


def test_one_claim_for_several_threads_gives_the_newest_first(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c", "d")

    assert queue.claimed_ids(3) == ["d", "c", "b"]


def test_a_job_that_arrives_between_claims_goes_first(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")

    assert queue.claimed_ids() == ["b"]
    queue.send_each("c")
    assert queue.claimed_ids(2) == ["c", "a"]


def test_a_claim_writes_the_record(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.clock.forward(ms=7)

    claim = queue.hand_out(1)
    job = queue.job("a")

    assert claim.jobs == [(*queue.token("a", 1), queue.encoded("a"))]
    assert (job.status.value, job.attempts, job.worker) == ("running", 1, WORKER)
    assert (job.started_at_us, job.wait_ms) == (queue.clock.now_us, 7)


def test_an_empty_stack_says_so_and_takes_the_token_off_the_bell(queue: ScriptedQueue) -> None:
    queue.send("a")

    assert queue.hand_out(1).word == "empty"
    assert not queue.is_rung()
    assert queue.hand_out(1).word == "empty"


def test_a_claim_that_leaves_jobs_rings_for_the_next_consumer(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.silence()

    assert queue.hand_out(1).word == "open"
    assert queue.is_rung()


def test_a_claim_shows_when_the_next_job_falls_due(queue: ScriptedQueue) -> None:
    assert queue.hand_out(1).until_due_us == -1
    queue.send("later", after_us=5_000)
    queue.clock.forward(us=1_000)

    assert queue.hand_out(1).until_due_us == 4_000


def test_without_a_policy_a_gated_queue_hands_out_nothing(gated_queue: ScriptedQueue) -> None:
    gated_queue.send("a")

    claim = gated_queue.hand_out(1)

    assert (claim.word, claim.jobs) == ("closed", [])
    assert not gated_queue.is_rung()


def test_a_policy_that_makes_the_queue_continuous_wakes_a_consumer(gated_queue: ScriptedQueue) -> None:
    gated_queue.send("a")

    gated_queue.rule(mode="continuous")

    assert gated_queue.is_rung()
    assert gated_queue.claimed_ids() == ["a"]


def test_with_windows_nothing_is_handed_out_between_them(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows")
    queue.send("a")

    claim = queue.hand_out(1)

    assert (claim.word, claim.jobs) == ("closed", [])
    assert not queue.is_rung()


def test_fifo_takes_the_oldest_first(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="fifo")
    queue.send_each("a", "b", "c")

    assert queue.claimed_ids(2) == ["a", "b"]
    assert queue.claimed_ids(2) == ["c"]


@pytest.mark.parametrize("share_ppm", [0, 1, 100_000, 250_000, 333_333, 500_000, 999_999, PPM])
@pytest.mark.parametrize("wanted", [1, 7])
def test_the_share_of_the_oldest_follows_the_formula_claim_by_claim(
    queue: ScriptedQueue, share_ppm: int, wanted: int
) -> None:
    queue.rule(mode="continuous", oldest_share_ppm=share_ppm)
    ids = [f"job-{n:02}" for n in range(40)]
    queue.send(*ids)

    claimed: list[str] = []
    while batch := queue.claimed_ids(wanted):
        claimed += batch

    assert claimed == _by_the_formula(ids, share_ppm)


def test_the_share_of_the_oldest_is_counted_anew_in_each_window(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows", oldest_share_ppm=500_000, close_when_empty=False)
    queue.send_each("a", "b", "c", "d", "e", "f")

    queue.open(credits=3)
    first = queue.claimed_ids(3)
    queue.open(credits=3)
    second = queue.claimed_ids(3)

    assert (first, second) == (["f", "a", "e"], ["d", "b", "c"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share_ppm=st.integers(0, PPM), claims=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_however_claims_are_cut_the_share_of_the_oldest_is_the_same(
    queue: ScriptedQueue, share_ppm: int, claims: list[int]
) -> None:
    queue.client.flushall()
    queue.rule(mode="windows", oldest_share_ppm=share_ppm)
    ids = [f"job-{n:02}" for n in range(sum(claims))]
    queue.send(*ids)
    queue.open()

    claimed = [id for wanted in claims for id in queue.claimed_ids(wanted)]

    assert claimed == _by_the_formula(ids, share_ppm)


def test_equal_places_are_claimed_in_a_settled_order(queue: ScriptedQueue) -> None:
    queue.send("a", "b", "c", after_us=1000)
    queue.clock.forward(us=1000)

    assert queue.claimed_ids(3) == ["c", "b", "a"]


def test_a_claim_takes_no_more_than_there_are(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")

    assert queue.claimed_ids(64) == ["b", "a"]


def test_a_lease_ends_when_it_was_said_to(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()

    until_us, moved = queue.scripts.reclaim(LEASE_US, LEASE_US * 2, 3)

    assert (until_us, moved) == (LEASE_US, [])


def test_a_job_that_was_removed_by_hand_is_still_handed_out(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.client.hdel("lastin:{default}:records", "b")

    claim = queue.hand_out(2)
    for id, attempt, _ in claim.jobs:
        queue.settle((id, attempt))

    assert [id for id, _, _ in claim.jobs] == ["b", "a"]
    assert queue.count("orphans") == 1


def _by_the_formula(ids: list[str], share_ppm: int) -> list[str]:
    left, taken = list(ids), []
    for n in range(1, len(ids) + 1):
        oldest = n * share_ppm // PPM > (n - 1) * share_ppm // PPM
        taken.append(left.pop(0 if oldest else -1))
    return taken
