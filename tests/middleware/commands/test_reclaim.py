"""Leases that run out: put back, the crash limit, the grace after a silence, claims that nobody heard of."""

from __future__ import annotations

import pytest

from ..scripted import LEASE_US, SILENCE_US, ScriptedQueue


def test_a_lost_lease_puts_a_job_back_at_its_own_place(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.claim()
    queue.send_each("c")

    assert queue.lose_leases() == [("b", "q")]

    assert queue.waiting() == ["c", "b", "a"]
    assert queue.count("reclaimed") == 1


def test_reclaiming_wakes_a_consumer(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()
    assert not queue.is_rung()

    queue.lose_leases()

    assert queue.is_rung()


def test_a_beat_renews_what_is_held_and_nothing_else(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    b, _ = queue.claim(2)

    for _ in range(4):
        queue.clock.forward(us=LEASE_US // 2)
        queue.heartbeat(b)

    assert queue.reclaim() == [("a", "q")]


def test_a_heartbeat_for_an_older_attempt_renews_nothing_and_shows_so(queue: ScriptedQueue) -> None:
    queue.send("a")
    first = queue.claim()[0]
    queue.lose_leases()
    queue.claim()

    lost = queue.scripts.heartbeat(LEASE_US, SILENCE_US, [first])

    assert [_id_of(answer) for answer in lost] == ["a"]


@pytest.mark.parametrize("crash_limit", [1, 3])
def test_so_many_lost_leases_in_a_row_reject_a_job(queue: ScriptedQueue, crash_limit: int) -> None:
    queue.send("poison")
    for _ in range(crash_limit):
        queue.claim()
        moved = queue.lose_leases(crash_limit)

    assert moved == [("poison", "x")]
    job = queue.job("poison")
    assert (job.status.value, job.reason, job.attempts) == ("rejected", "worker_lost", crash_limit)
    assert job.finished_at_us == queue.clock.now_us


def test_an_attempt_that_ends_starts_the_count_of_lost_leases_anew(queue: ScriptedQueue) -> None:
    queue.send("a")
    for _ in range(2):
        queue.claim()
        queue.lose_leases()
    queue.settle(queue.claim()[0], "retry")

    queue.claim()
    assert queue.lose_leases() == [("a", "q")]


def test_a_put_back_leaves_the_count_of_lost_leases_as_it_is(queue: ScriptedQueue) -> None:
    queue.send("poison")
    for _ in range(2):
        queue.claim()
        queue.lose_leases()
    queue.settle(queue.claim()[0], "put_back")

    queue.claim()
    assert queue.lose_leases() == [("poison", "x")]


def test_after_a_silence_of_everybody_leases_get_a_grace(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.heartbeat(token)
    queue.clock.forward(us=10 * LEASE_US)

    until_us, moved = queue.scripts.reclaim(LEASE_US, SILENCE_US, 3)

    assert (until_us, moved) == (LEASE_US, [])
    assert queue.settle(token) == 0


def test_within_the_grace_a_live_worker_renews_and_a_dead_ones_jobs_come_back_after_it(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    alive, _ = queue.claim(2)
    queue.heartbeat()
    queue.clock.forward(us=10 * LEASE_US)
    queue.reclaim()

    queue.heartbeat(alive)
    queue.clock.forward(us=LEASE_US // 2)
    queue.heartbeat(alive)
    assert queue.reclaim() == []
    queue.clock.forward(us=LEASE_US // 2)

    assert queue.reclaim() == [("a", "q")]


def test_a_clock_that_jumps_ahead_looks_like_a_silence_and_loses_nobody_his_lease(queue: ScriptedQueue) -> None:
    queue.send("a")
    token = queue.claim()[0]
    queue.heartbeat(token)

    queue.clock.forward(s=86_400)
    assert queue.reclaim() == []
    queue.heartbeat(token)
    queue.clock.forward(us=LEASE_US // 2)
    queue.heartbeat(token)
    queue.clock.forward(us=LEASE_US // 2)

    assert queue.reclaim() == []
    assert queue.settle(token) == 0


def test_a_clock_that_jumps_back_does_not_leave_a_dead_workers_jobs_for_ages(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    dead, alive = queue.claim(2)
    queue.heartbeat(dead, alive)

    queue.clock.forward(s=-86_400)
    queue.reclaim()
    for _ in range(3):
        queue.heartbeat(alive)
        queue.clock.forward(us=LEASE_US // 2)

    assert queue.reclaim() == [("b", "q")]
    assert queue.settle(alive) == 0


def test_a_reclaim_moves_a_hundred_at_most_and_says_that_there_is_more(queue: ScriptedQueue) -> None:
    queue.send(*(f"job-{n:03}" for n in range(130)))
    queue.claim(130)
    for _ in range(3):
        queue.clock.forward(us=LEASE_US // 2)
        queue.heartbeat()

    until_us, moved = queue.scripts.reclaim(LEASE_US, SILENCE_US, 3)
    assert (until_us, len(moved)) == (0, 100)
    until_us, moved = queue.scripts.reclaim(LEASE_US, SILENCE_US, 3)
    assert (until_us, len(moved)) == (-1, 30)
    assert queue.waiting() == [f"job-{n:03}" for n in reversed(range(130))]


def test_a_lease_whose_record_was_removed_by_hand_does_not_hold_up_the_others(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.claim(2)
    queue.client.hdel("lastin:{default}:records", "b")

    moved = queue.lose_leases()

    assert dict(moved) == {"a": "q", "b": "q"}


def test_recovering_puts_back_what_a_worker_claimed_without_hearing_of_it(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c", "d")
    held = queue.claim()[0]
    queue.claim()
    others = queue.claim(worker="worker-b")[0]
    queue.silence()

    assert queue.scripts.recover("worker-a", [held]) == 1

    assert queue.waiting() == ["c", "a"]
    assert queue.is_rung()
    assert (queue.settle(held), queue.settle(others)) == (0, 0)


def test_recovering_is_not_a_crash(queue: ScriptedQueue) -> None:
    queue.send("a")
    for _ in range(5):
        queue.claim()
        queue.scripts.recover("worker-a", [])

    assert queue.status("a") == "queued"
    assert queue.job("a").attempts == 5


def _id_of(answer: object) -> str:
    return answer[0] if isinstance(answer, tuple) else str(answer)
