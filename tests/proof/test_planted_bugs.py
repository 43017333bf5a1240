"""Planted bugs prove the provers: each turns the checker of histories and the live counters red."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from middleware.diagnosis.audit import audit

from .conftest import LoggedQueue
from .planted import (
    Plant,
    both_at_once,
    double_settle,
    early_expiry,
    forgotten_deadline,
    forgotten_generation,
    group_left_behind,
    ignored_deadline,
    ignored_turn,
    late_and_kept,
    late_and_stale,
    lost_put_back,
    nothing_superseded,
    one_too_many,
    one_too_many_of_a_group,
    overwriting_retry,
    passing_over,
    skipped_removal,
    slot_never_freed,
    turn_of_the_older_one,
    wrong_end,
)


def claim_both(queue: LoggedQueue) -> None:
    """Two jobs, claimed one after the other."""
    queue.send_each("old", "new")
    queue.claim()
    queue.claim()


def claim_and_settle(queue: LoggedQueue) -> None:
    """One job's whole life."""
    queue.send("a")
    (token,) = queue.claim()
    queue.settle(token)


def settle_after_the_lease_was_lost(queue: LoggedQueue) -> None:
    """A worker that was thought dead settles a job that waits again."""
    queue.send("a")
    (token,) = queue.claim()
    queue.lose_leases()
    queue.settle(token)


def settle_twice(queue: LoggedQueue) -> None:
    """The same end of the same attempt, told by two calls."""
    queue.send("a")
    (token,) = queue.claim()
    queue.settle(token)
    queue.settle(token, "rejected")


def lose_a_lease(queue: LoggedQueue) -> None:
    """A worker dies with a job."""
    queue.send("a")
    queue.claim()
    queue.lose_leases()


def put_back(queue: LoggedQueue) -> None:
    """A worker shuts down before it begins with a job."""
    queue.send("a")
    (token,) = queue.claim()
    queue.settle(token, "put_back")


def lose_a_claims_answer(queue: LoggedQueue) -> None:
    """A worker never heard of a job that it has claimed."""
    queue.send("a")
    queue.claim()
    queue.scripts.recover("worker-a", [])


def process_and_claim(queue: LoggedQueue) -> None:
    """A worker at work."""
    queue.send_each("a", "b", "c", "d")
    (token,) = queue.claim()
    queue.process_and_claim(token)


def process_and_claim_after_the_lease_was_lost(queue: LoggedQueue) -> None:
    """A worker that was thought dead goes on as if nothing had happened, while its job waits again."""
    queue.send_each("a", "b")
    (token,) = queue.claim()
    queue.lose_leases()
    queue.send_each("c", "d")
    queue.process_and_claim(token)


def claim_at_a_deadline(queue: LoggedQueue) -> None:
    """Two jobs with deadlines, of which one has passed when a worker comes."""
    queue.send("still good", expires_in_us=9)
    queue.send("late", expires_in_us=5)
    queue.clock.forward(us=5)
    queue.claim()


def put_back_after_the_deadline(queue: LoggedQueue) -> None:
    """A job was claimed in time, and comes back too late."""
    queue.send("a", expires_in_us=5)
    (token,) = queue.claim()
    queue.clock.forward(us=5)
    queue.settle(token, "put_back")
    queue.claim()


def supersede(queue: LoggedQueue) -> None:
    """A newer job comes, and both would be claimed."""
    queue.send_about("a", "old")
    queue.send_about("a", "new")
    queue.claim()
    queue.claim()


def retry_beside_a_newer_one(queue: LoggedQueue) -> None:
    """A job fails while a newer one of its subject waits."""
    queue.send_about("a", "old")
    (token,) = queue.claim()
    queue.send_about("a", "new")
    queue.settle(token, "retry", delay_us=5)


def claim_before_the_one_that_keeps_its_turn(queue: LoggedQueue) -> None:
    """Newest first, a newer job is claimed before the one that keeps its turn."""
    keep_a_turn(queue)
    queue.claim()
    queue.claim()


def claim_both_of_a_subject(queue: LoggedQueue) -> None:
    """The same in one call."""
    keep_a_turn(queue)
    queue.claim(2)


def keep_a_turn(queue: LoggedQueue) -> None:
    """One keeps its turn, and a newer one waits beside it."""
    queue.send_about("a", "kept")
    queue.clock.forward(us=5)
    queue.send_about("a", "new", max_defer_us=5)


def come_late(queue: LoggedQueue) -> None:
    """By generation, an older job of a subject comes after a newer one; both would be claimed."""
    queue.rule(mode="continuous", order_by="generated")
    queue.send_generated(5_000_000, "new", subject="a")
    queue.send_generated(9_000_000, "late", subject="a")
    queue.claim()
    queue.claim()


def come_late_with_a_newer_one(queue: LoggedQueue) -> None:
    """One that kept its turn runs, and a newer one waits behind it; then come one that is older, and the newest."""
    queue.rule(mode="continuous", order="fifo", order_by="generated")
    queue.send_generated(0, "kept", subject="a")
    queue.clock.forward(us=5)
    queue.send_generated(0, "behind", subject="a", max_defer_us=5)
    queue.claim()
    queue.send_batch_about("a", late=9, newest=0)
    queue.claim()


def reach_the_bound(queue: LoggedQueue) -> None:
    """Two jobs may run, and three idle threads come."""
    queue.rule(mode="continuous", max_running=2)
    queue.send_each("a", "b", "c")
    queue.claim(3)


def reach_the_bound_of_a_group(queue: LoggedQueue) -> None:
    """One job of a group may run, and two threads come, one after the other."""
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("loud", "a", "b", "c")
    queue.claim()
    queue.claim()


def take_turns(queue: LoggedQueue) -> None:
    """A group sends the newest jobs, and another one waits below them."""
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("calm", "a", "b")
    queue.send_of("loud", "c", "d", "e")
    queue.claim(4)


def lose_a_lease_of_a_full_group(queue: LoggedQueue) -> None:
    """A worker dies with a job of a full group, which has the newest jobs that wait."""
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("calm", "a")
    queue.send_of("loud", "b", "c")
    queue.claim()
    queue.lose_leases()
    queue.claim()


def process_the_job_of_a_full_group(queue: LoggedQueue) -> None:
    """A job of a full group ends, and that group has the newest jobs that wait."""
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("calm", "a")
    queue.send_of("loud", "b", "c")
    (token,) = queue.claim()
    queue.process_and_claim(token)


class Case(NamedTuple):
    """A sequence of moves, the bug that it shows, what the checker calls it, and what it does to the live counters."""

    moves: Callable[[LoggedQueue], None]
    plant: Plant
    kind: str
    order_inversions: int
    conservation_error: int


CASES = [
    Case(claim_both, wrong_end, "out of order", 1, 0),
    Case(claim_both, skipped_removal, "in two states", 0, 1),
    Case(claim_and_settle, skipped_removal, "in two states", 0, 1),
    Case(settle_after_the_lease_was_lost, double_settle, "double settle", 0, 1),
    Case(settle_twice, double_settle, "double settle", 0, 1),
    Case(lose_a_lease, lost_put_back, "lost", 0, -1),
    Case(put_back, lost_put_back, "lost", 0, -1),
    Case(lose_a_claims_answer, lost_put_back, "lost", 0, -1),
    Case(claim_both, passing_over, "out of order", 1, 0),
    Case(process_and_claim, wrong_end, "out of order", 2, 0),
    Case(process_and_claim, passing_over, "out of order", 2, 0),
    Case(process_and_claim, skipped_removal, "in two states", 0, 2),
    Case(process_and_claim_after_the_lease_was_lost, double_settle, "double settle", 0, 1),
]
FRESH_WORK_CASES = [
    (claim_at_a_deadline, ignored_deadline, "claimed late"),
    (claim_at_a_deadline, early_expiry, "expired early"),
    (put_back_after_the_deadline, forgotten_deadline, "claimed late"),
    (supersede, nothing_superseded, "stale work"),
    (retry_beside_a_newer_one, overwriting_retry, "stale work"),
    (claim_before_the_one_that_keeps_its_turn, turn_of_the_older_one, "stale work"),
    (claim_both_of_a_subject, both_at_once, "in two states"),
    (come_late, late_and_stale, "stale work"),
    (come_late_with_a_newer_one, late_and_kept, "stale work"),
    (come_late, forgotten_generation, "wrong place"),
]
GROUP_CASES = [
    (reach_the_bound, one_too_many, "bound overrun"),
    (reach_the_bound_of_a_group, one_too_many_of_a_group, "bound overrun"),
    (take_turns, ignored_turn, "out of turn"),
    (lose_a_lease_of_a_full_group, slot_never_freed, "out of order"),
    (process_the_job_of_a_full_group, group_left_behind, "out of order"),
]
MORE_CASES = FRESH_WORK_CASES + GROUP_CASES
NAMES = [f"{case.plant.__name__}-{case.moves.__name__}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_planted_bug_turns_the_checker_of_histories_red(logged: LoggedQueue, case: Case) -> None:
    with case.plant():
        case.moves(logged)

    assert case.kind in logged.checked().found.errors


@pytest.mark.parametrize(("moves", "plant", "kind"), MORE_CASES, ids=lambda part: getattr(part, "__name__", part))
def test_a_planted_bug_of_fresh_work_or_groups_turns_the_checker_of_histories_red(
    logged: LoggedQueue, moves: Callable[[LoggedQueue], None], plant: Plant, kind: str
) -> None:
    with plant():
        moves(logged)

    assert kind in logged.checked().found.errors


@pytest.mark.parametrize("moves", dict.fromkeys(moves for moves, _, _ in MORE_CASES))
def test_the_same_moves_of_jobs_without_the_bug_leave_it_green(
    logged: LoggedQueue, moves: Callable[[LoggedQueue], None]
) -> None:
    moves(logged)

    assert logged.checked().found.texts == []
    logged.audit()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_planted_bug_turns_the_live_counters_red(logged: LoggedQueue, case: Case) -> None:
    with case.plant():
        case.moves(logged)

    counted = logged.snapshot()
    assert counted.order_inversions == case.order_inversions
    assert counted.conservation_error == case.conservation_error
    assert counted.faults()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.conservation_error], ids=lambda case: case.moves.__name__
)
def test_a_planted_bug_that_miscounts_turns_the_audit_red(logged: LoggedQueue, case: Case) -> None:
    with case.plant():
        case.moves(logged)

    assert audit(logged.name, logged.broker.redis.new_link())


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_same_moves_without_the_bug_leave_all_of_them_green(logged: LoggedQueue, case: Case) -> None:
    case.moves(logged)

    assert logged.checked().found.texts == []
    counted = logged.snapshot()
    assert (counted.order_inversions, counted.conservation_error, counted.faults()) == (0, 0, [])
    logged.audit()
