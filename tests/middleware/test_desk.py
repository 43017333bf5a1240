"""The desk of a worker process: threads that meet at its one line to Redis, and faults at the worst moment."""

from __future__ import annotations

import pytest
from redis.exceptions import ResponseError

from middleware.errors import RedisAwayError

from .desks import THREADS, OneDesk, in_another_thread, processed, raising
from .scripted import ScriptedQueue


def test_settling_claims_for_the_thread_that_became_idle(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()

    one.desk.settle(processed(b))

    assert [d.message_id for d in one.delivered] == ["a"]
    assert one.scripts.ran == ["claim", "settle"]
    assert one.slots.idle == THREADS - 1


def test_slots_that_a_claim_did_not_use_are_given_back(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")

    one.claim(3)

    assert one.slots.idle == THREADS - 1


@pytest.mark.parametrize("busy_with", ["look", "claim"])
def test_a_settlement_that_is_left_while_the_line_is_busy_is_sent(
    queue: ScriptedQueue, one: OneDesk, busy_with: str
) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.before[busy_with] = lambda: in_another_thread(lambda: one.desk.settle(processed(a)))

    if busy_with == "look":
        one.desk.look()
    else:
        one.claim()

    assert queue.status("a") == "processed"
    assert one.slots.idle == THREADS


def test_a_settlement_that_is_left_while_a_look_fails_is_sent(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    (a,) = one.claim()

    def leave_and_fail() -> None:
        in_another_thread(lambda: one.desk.settle(processed(a)))
        raise RedisAwayError("cut")

    one.scripts.before["look"] = leave_and_fail
    with pytest.raises(RedisAwayError):
        one.desk.look()

    assert queue.status("a") == "processed"
    assert one.slots.idle == THREADS


def test_several_settlements_go_into_one_call(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b", "c")
    c, b, a = one.claim(3)

    def leave_two() -> None:
        in_another_thread(lambda: one.desk.settle(processed(a)))
        in_another_thread(lambda: one.desk.settle(processed(b)))

    one.scripts.before["settle"] = leave_two
    one.desk.settle(processed(c))

    assert one.scripts.ran == ["claim", "settle", "settle"]
    assert [queue.status(id) for id in "abc"] == ["processed"] * 3


def test_a_settlement_whose_answer_is_lost_is_sent_again_and_counts_once(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.after["settle"] = raising(RedisAwayError("the answer is lost"))

    one.desk.settle(processed(a))

    assert one.scripts.ran.count("settle") == 2
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.slots.idle == THREADS


def test_what_a_lost_answer_claimed_is_put_back_before_the_next_claim(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b", "c")
    (c,) = one.claim()
    one.scripts.after["settle"] = raising(RedisAwayError("the answer is lost"))
    one.desk.settle(processed(c))
    assert queue.status("b") == "running"
    assert one.desk.may_have_jobs

    deliveries = one.claim()

    assert [(d.message_id, d.token) for d in deliveries] == [("b", queue.token("b", 2))]
    assert (queue.status("a"), one.slots.idle) == ("queued", THREADS - 1)


def test_a_claim_whose_answer_is_lost_leaks_no_slot_and_no_job(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b")
    one.scripts.after["claim"] = raising(RedisAwayError("the answer is lost"))

    with pytest.raises(RedisAwayError):
        one.claim(2)
    assert one.slots.idle == THREADS

    assert [d.message_id for d in one.claim(2)] == ["b", "a"]


def test_an_error_that_waiting_does_not_heal_frees_the_threads(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.before["settle"] = raising(ResponseError("ERR a bug in the script"))

    with pytest.raises(ResponseError):
        one.desk.settle(processed(a))

    assert one.slots.idle == THREADS
    assert not one.desk.held


def test_a_burst_of_due_jobs_that_is_promoted_by_a_settlement_is_asked_for_again(
    queue: ScriptedQueue, one: OneDesk
) -> None:
    queue.send("a")
    (a,) = one.claim()
    queue.send(*(f"due-{n:03}" for n in range(1000)), after_us=1)
    queue.clock.forward(us=1)

    one.desk.settle(processed(a))

    assert one.desk.may_have_jobs
