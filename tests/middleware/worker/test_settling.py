"""The settler of a worker process: threads that meet at its one line to Redis, and faults at the worst moment."""

from __future__ import annotations

import threading

import pytest
from dramatiq.middleware import TimeLimitExceeded
from redis.exceptions import ResponseError

from middleware.commands import keys
from middleware.errors import RedisAwayError
from middleware.worker.delivery import Delivery

from ...service import wait_until
from ..scripted import ScriptedQueue
from ..settlers import THREADS, OneSettler, in_another_thread, raising


def test_settling_claims_for_the_thread_that_became_idle(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()

    one.settler.settle(b)

    assert [d.message_id for d in one.delivered] == ["a"]
    assert one.commands.ran == ["claim", "settle"]
    assert one.idle_threads.idle == THREADS - 1


def test_threads_that_a_claim_found_no_job_for_are_given_back(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")

    one.claim(3)

    assert one.idle_threads.idle == THREADS - 1


@pytest.mark.parametrize("busy_with", ["ring_again", "claim"])
def test_a_settlement_that_is_left_while_the_connection_is_busy_is_sent(
    queue: ScriptedQueue, one: OneSettler, busy_with: str
) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.commands.before[busy_with] = lambda: in_another_thread(lambda: one.settler.settle(a))

    if busy_with == "ring_again":
        one.settler.ring_again()
    else:
        one.claim()

    assert queue.status("a") == "processed"
    assert one.idle_threads.idle == THREADS


def test_a_settlement_that_is_left_while_a_look_fails_is_sent(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()

    def leave_and_fail() -> None:
        in_another_thread(lambda: one.settler.settle(a))
        raise RedisAwayError("cut")

    one.commands.before["ring_again"] = leave_and_fail
    with pytest.raises(RedisAwayError):
        one.settler.ring_again()

    assert queue.status("a") == "processed"
    assert one.idle_threads.idle == THREADS


def test_several_settlements_go_into_one_call(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c")
    c, b, a = one.claim(3)

    def leave_two() -> None:
        in_another_thread(lambda: one.settler.settle(a))
        in_another_thread(lambda: one.settler.settle(b))

    one.commands.before["settle"] = leave_two
    one.settler.settle(c)

    assert one.commands.ran == ["claim", "settle", "settle"]
    assert [queue.status(id) for id in "abc"] == ["processed"] * 3


def test_the_next_call_is_on_its_way_before_jobs_are_handed_out(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    one.commands.before["settle"] = lambda: in_another_thread(lambda: one.settler.settle(c))
    begun: list[int] = []
    one.on_delivery = lambda _: begun.append(one.commands.begun.count("settle"))

    one.settler.settle(d)

    assert begun == [2, 2]
    assert [delivery.message_id for delivery in one.delivered] == ["b", "a"]
    assert one.idle_threads.idle == THREADS - 2


def test_who_waits_for_the_connection_comes_before_the_next_settlements(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    claiming = threading.Thread(target=one.claim)

    def leave_one_and_wait_for_the_line() -> None:
        in_another_thread(lambda: one.settler.settle(c))
        claiming.start()
        wait_until(lambda: one.settler._lock.is_wanted, "the lock to be wanted")

    one.commands.before["settle"] = leave_one_and_wait_for_the_line
    one.settler.settle(d)
    claiming.join(30)

    assert one.commands.ran == ["claim", "settle", "claim", "settle"]
    assert queue.status("c") == "processed"


def test_a_job_that_cannot_be_handed_out_is_rejected_and_its_thread_is_free(
    queue: ScriptedQueue, one: OneSettler
) -> None:
    queue.send_each("a", "b", "c")
    (c,) = one.claim()

    def refuse_b(delivery: Delivery) -> None:
        if delivery.message_id == "b":
            raise KeyError("no consumer")

    one.on_delivery = refuse_b
    one.settler.settle(c)

    assert [queue.status(id) for id in "abc"] == ["running", "rejected", "processed"]
    assert "no consumer" in str(queue.client.hget(keys.failures(queue.name), "b"))
    assert (one.idle_threads.idle, [d.message_id for d in one.settler.held.all()]) == (THREADS - 1, ["a"])


def test_what_is_under_way_when_a_hand_out_is_interrupted_is_sent_again(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)
    one.commands.before["settle"] = lambda: in_another_thread(lambda: one.settler.settle(c))
    one.on_delivery = lambda _: raising(TimeLimitExceeded())()

    with pytest.raises(TimeLimitExceeded):
        one.settler.settle(d)
    one.on_delivery = lambda _: None
    (a,) = one.claim()  # first of all it finds out what the lost answer had claimed

    assert (a.message_id, a.attempt) == ("a", 2)
    assert [queue.status(id) for id in "abcd"] == ["running", "running", "processed", "processed"]
    assert (queue.ended("processed"), queue.count("stale_settles")) == (2, 0)


def test_a_job_that_comes_back_while_its_thread_runs_it_goes_on_under_the_new_lease(
    queue: ScriptedQueue, one: OneSettler
) -> None:
    queue.send("a")
    (a,) = one.claim()
    queue.lose_leases()

    assert one.claim() == []
    one.settler.settle(a)

    assert (queue.status("a"), a.attempt, queue.count("stale_settles")) == ("processed", 2, 0)
    assert (one.idle_threads.idle, len(one.settler.held)) == (THREADS, 0)


def test_two_settlements_of_one_delivery_free_one_thread(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()

    one.settler.settle(a)
    one.settler.settle(a)

    assert (one.idle_threads.idle, queue.count("stale_settles")) == (THREADS, 0)


def test_a_lost_lease_is_not_renewed_and_its_thread_is_free_in_the_end(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()

    one.settler.held.lose_lease("a")
    assert one.settler.held.tokens_to_renew() == []
    one.settler.settle(a)

    assert one.idle_threads.idle == THREADS


def test_jobs_are_handed_out_also_if_the_next_call_cannot_be_sent(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c", "d")
    d, c = one.claim(2)

    def leave_one_and_let_the_next_fail() -> None:
        in_another_thread(lambda: one.settler.settle(c))
        one.commands.before["settle"] = raising(RedisAwayError("cut"))

    one.commands.before["settle"] = leave_one_and_let_the_next_fail
    one.settler.settle(d)

    assert [delivery.message_id for delivery in one.delivered] == ["b"]
    assert [queue.status(id) for id in "abcd"] == ["queued", "running", "processed", "processed"]
    assert one.idle_threads.idle == THREADS - 1


def test_an_interruption_of_the_thread_that_settles_loses_no_settlement(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()
    one.commands.after["settle"] = raising(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        one.settler.settle(b)
    (a,) = one.claim()

    assert (a.message_id, one.settler.held.tokens()) == ("a", [a.token])
    assert [queue.status(id) for id in "ab"] == ["running", "processed"]
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.idle_threads.idle == THREADS - 1


def test_a_settlement_whose_answer_is_lost_is_sent_again_and_counts_once(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.commands.after["settle"] = raising(RedisAwayError("the answer is lost"))

    one.settler.settle(a)

    assert one.commands.ran.count("settle") == 2
    assert (queue.ended("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.idle_threads.idle == THREADS


def test_what_a_lost_answer_claimed_is_put_back_before_the_next_claim(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b", "c")
    (c,) = one.claim()
    one.commands.after["settle"] = raising(RedisAwayError("the answer is lost"))
    one.settler.settle(c)
    assert queue.status("b") == "running"
    assert one.settler.may_have_jobs

    deliveries = one.claim()

    assert [(d.message_id, d.token) for d in deliveries] == [("b", queue.token("b", 2))]
    assert (queue.status("a"), one.idle_threads.idle) == ("queued", THREADS - 1)


def test_a_claim_whose_answer_is_lost_leaks_no_thread_and_no_job(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    one.commands.after["claim"] = raising(RedisAwayError("the answer is lost"))

    with pytest.raises(RedisAwayError):
        one.claim(2)
    assert one.idle_threads.idle == THREADS

    assert [d.message_id for d in one.claim(2)] == ["b", "a"]


def test_an_error_that_waiting_does_not_heal_frees_the_threads(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.commands.before["settle"] = raising(ResponseError("ERR a bug in the script"))

    with pytest.raises(ResponseError):
        one.settler.settle(a)

    assert one.idle_threads.idle == THREADS
    assert not one.settler.held


def test_a_burst_of_due_jobs_that_is_promoted_by_a_settlement_is_asked_for_again(
    queue: ScriptedQueue, one: OneSettler
) -> None:
    queue.send("a")
    (a,) = one.claim()
    queue.send(*(f"due-{n:03}" for n in range(1000)), after_us=1)
    queue.clock.forward(us=1)

    one.settler.settle(a)

    assert one.settler.may_have_jobs
