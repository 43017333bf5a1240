"""The settler of a worker process: threads that meet at its one line to Redis, and faults at the worst moment."""

from __future__ import annotations

import threading

import pytest
from redis.exceptions import ResponseError

from middleware.errors import RedisAwayError

from ...service import wait_until
from ..scripted import ScriptedQueue
from ..settlers import THREADS, OneSettler, in_another_thread, processed, raising


def test_settling_claims_for_the_thread_that_became_idle(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()

    one.settler.settle(processed(b))

    assert [d.message_id for d in one.delivered] == ["a"]
    assert one.scripts.ran == ["claim", "settle"]
    assert one.idle_threads.idle == THREADS - 1


def test_slots_that_a_claim_did_not_use_are_given_back(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")

    one.claim(3)

    assert one.idle_threads.idle == THREADS - 1


@pytest.mark.parametrize("busy_with", ["look", "claim"])
def test_a_settlement_that_is_left_while_the_line_is_busy_is_sent(
    queue: ScriptedQueue, one: OneSettler, busy_with: str
) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.before[busy_with] = lambda: in_another_thread(lambda: one.settler.settle(processed(a)))

    if busy_with == "look":
        one.settler.look()
    else:
        one.claim()

    assert queue.status("a") == "processed"
    assert one.idle_threads.idle == THREADS


def test_a_settlement_that_is_left_while_a_look_fails_is_sent(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()

    def leave_and_fail() -> None:
        in_another_thread(lambda: one.settler.settle(processed(a)))
        raise RedisAwayError("cut")

    one.scripts.before["look"] = leave_and_fail
    with pytest.raises(RedisAwayError):
        one.settler.look()

    assert queue.status("a") == "processed"
    assert one.idle_threads.idle == THREADS


def test_several_settlements_go_into_one_call(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c")
    c, b, a = one.claim(3)

    def leave_two() -> None:
        in_another_thread(lambda: one.settler.settle(processed(a)))
        in_another_thread(lambda: one.settler.settle(processed(b)))

    one.scripts.before["settle"] = leave_two
    one.settler.settle(processed(c))

    assert one.scripts.ran == ["claim", "settle", "settle"]
    assert [queue.status(id) for id in "abc"] == ["processed"] * 3


def test_the_next_call_is_on_its_way_before_jobs_are_handed_out(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    one.scripts.before["settle"] = lambda: in_another_thread(lambda: one.settler.settle(processed(c)))
    begun: list[int] = []
    one.on_delivery = lambda _: begun.append(one.scripts.begun.count("settle"))

    one.settler.settle(processed(d))

    assert begun == [2, 2]
    assert [delivery.message_id for delivery in one.delivered] == ["b", "a"]
    assert one.idle_threads.idle == THREADS - 2


def test_who_waits_for_the_line_comes_before_the_next_settlements(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    claiming = threading.Thread(target=one.claim)

    def leave_one_and_wait_for_the_line() -> None:
        in_another_thread(lambda: one.settler.settle(processed(c)))
        claiming.start()
        wait_until(lambda: one.settler._lock.is_wanted, "the line to be wanted")

    one.scripts.before["settle"] = leave_one_and_wait_for_the_line
    one.settler.settle(processed(d))
    claiming.join(5)

    assert one.scripts.ran == ["claim", "settle", "claim", "settle"]
    assert queue.status("c") == "processed"


def test_what_is_under_way_when_a_hand_out_fails_is_sent_again(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    one.scripts.before["settle"] = lambda: in_another_thread(lambda: one.settler.settle(processed(c)))
    one.on_delivery = lambda _: raising(KeyError("no consumer"))()

    with pytest.raises(KeyError):
        one.settler.settle(processed(d))
    one.on_delivery = lambda _: None
    (a,) = one.claim()  # first of all it finds out what the lost answer had claimed

    assert (a.message_id, a.attempt) == ("a", 2)
    assert [queue.status(id) for id in "abcd"] == ["running", "running", "processed", "processed"]
    assert (queue.ended("processed"), queue.count("stale_settles")) == (2, 0)


def test_jobs_are_handed_out_also_if_the_next_call_cannot_be_sent(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)

    def leave_one_and_let_the_next_fail() -> None:
        in_another_thread(lambda: one.settler.settle(processed(c)))
        one.scripts.before["settle"] = raising(RedisAwayError("cut"))

    one.scripts.before["settle"] = leave_one_and_let_the_next_fail
    one.settler.settle(processed(d))

    assert [delivery.message_id for delivery in one.delivered] == ["b"]
    assert [queue.status(id) for id in "abcd"] == ["queued", "running", "processed", "processed"]
    assert one.idle_threads.idle == THREADS - 1


def test_an_interruption_of_the_thread_that_settles_loses_no_settlement(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()
    one.scripts.after["settle"] = raising(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        one.settler.settle(processed(b))
    (a,) = one.claim()

    assert (a.message_id, list(one.settler.held)) == ("a", [a.token])
    assert [queue.status(id) for id in "ab"] == ["running", "processed"]
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.idle_threads.idle == THREADS - 1


def test_a_settlement_whose_answer_is_lost_is_sent_again_and_counts_once(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.after["settle"] = raising(RedisAwayError("the answer is lost"))

    one.settler.settle(processed(a))

    assert one.scripts.ran.count("settle") == 2
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.idle_threads.idle == THREADS


def test_what_a_lost_answer_claimed_is_put_back_before_the_next_claim(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c")
    (c,) = one.claim()
    one.scripts.after["settle"] = raising(RedisAwayError("the answer is lost"))
    one.settler.settle(processed(c))
    assert queue.status("b") == "running"
    assert one.settler.may_have_jobs

    deliveries = one.claim()

    assert [(d.message_id, d.token) for d in deliveries] == [("b", queue.token("b", 2))]
    assert (queue.status("a"), one.idle_threads.idle) == ("queued", THREADS - 1)


def test_a_claim_whose_answer_is_lost_leaks_no_slot_and_no_job(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    one.scripts.after["claim"] = raising(RedisAwayError("the answer is lost"))

    with pytest.raises(RedisAwayError):
        one.claim(2)
    assert one.idle_threads.idle == THREADS

    assert [d.message_id for d in one.claim(2)] == ["b", "a"]


def test_an_error_that_waiting_does_not_heal_frees_the_threads(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.scripts.before["settle"] = raising(ResponseError("ERR a bug in the script"))

    with pytest.raises(ResponseError):
        one.settler.settle(processed(a))

    assert one.idle_threads.idle == THREADS
    assert not one.settler.held


def test_a_burst_of_due_jobs_that_is_promoted_by_a_settlement_is_asked_for_again(
    queue: ScriptedQueue, one: OneSettler
) -> None:
    queue.send("a")
    (a,) = one.claim()
    queue.send(*(f"due-{n:03}" for n in range(1000)), after_us=1)
    queue.clock.forward(us=1)

    one.settler.settle(processed(a))

    assert one.settler.may_have_jobs
