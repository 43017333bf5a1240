"""The desk of a worker process: threads that meet at its one line to Redis, and faults at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import ResponseError

from middleware.delivery import Delivery
from middleware.desk import Desk
from middleware.errors import RedisAwayError
from middleware.scripts import QueueScripts, Settlement
from middleware.slots import Slots

from .scripted import LEASE_US, WORKER, ScriptedQueue

THREADS = 3


class HookedScripts(QueueScripts):
    """Real scripts; a hook can let something happen just before or after one of them runs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.ran: list[str] = []

    def _run(self, name: str, words: list[bytes], *, timed: bool = True) -> Any:
        self.before.pop(name, lambda: None)()
        answer = super()._run(name, words, timed=timed)
        self.ran.append(name)
        self.after.pop(name, lambda: None)()
        return answer


class OneDesk:
    """A desk whose deliveries are kept in a list instead of being run."""

    def __init__(self, queue: ScriptedQueue) -> None:
        link = queue.broker.new_link()
        self.scripts = HookedScripts(queue.name, link, unruled="open", now=queue.clock)
        self.slots = Slots(THREADS)
        self.delivered: list[Delivery] = []
        self.desk = Desk(
            self.scripts,
            link,
            worker=WORKER,
            lease_us=LEASE_US,
            slots=self.slots,
            deliver=self.delivered.append,
            on_due=lambda _: None,
        )

    def claim(self, wanted: int = 1) -> list[Delivery]:
        """Take slots and claim for them, as a consumer does."""
        self.slots._idle -= wanted
        return self.desk.claim(wanted)


@pytest.fixture
def one(queue: ScriptedQueue) -> Iterator[OneDesk]:
    """A desk of three threads."""
    one = OneDesk(queue)
    yield one
    one.desk.close()


def processed(delivery: Delivery) -> Settlement:
    """The settlement of a job that ended well."""
    return Settlement(*delivery.token, "processed")


def in_another_thread(call: Callable[[], None]) -> None:
    """Run it in another thread, which must come back."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


def raising(error: BaseException) -> Callable[[], None]:
    """A hook that raises."""

    def fail() -> None:
        raise error

    return fail


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
    assert (queue.count("processed"), queue.count("stale_settles")) == (1, 0)
    assert one.slots.idle == THREADS


def test_what_a_lost_answer_claimed_is_put_back_before_the_next_claim(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b", "c")
    (c,) = one.claim()
    one.scripts.after["settle"] = raising(RedisAwayError("the answer is lost"))
    one.desk.settle(processed(c))
    assert queue.status("b") == "running"
    assert one.desk.may_have_jobs

    deliveries = one.claim()

    assert [(d.message_id, d.token) for d in deliveries] == [("b", ("b", 2))]
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


def test_closing_settles_what_was_left_and_puts_back_the_rest(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b")
    b, _ = one.claim(2)
    one.desk._left.append(processed(b))

    one.desk.close()

    assert (queue.status("a"), queue.status("b")) == ("queued", "processed")
    assert queue.count("stale_settles") == 0


def test_closing_settles_all_that_was_left_however_much_it_is(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send(*(f"job-{n:03}" for n in range(150)))
    one.slots = one.desk._slots = Slots(150)
    for delivery in one.claim(150):
        one.desk._left.append(processed(delivery))

    one.desk.close()

    assert queue.count("processed") == 150


def test_closing_while_a_settlement_waits_for_redis_keeps_its_outcome(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    (a,) = one.claim()
    waits = threading.Event()

    def stay_away() -> None:
        waits.set()
        if not one.desk._closed.is_set():
            one.scripts.before["settle"] = stay_away
            raise RedisAwayError("away")

    one.scripts.before["settle"] = stay_away

    def settle() -> None:
        with pytest.raises(RedisAwayError):
            one.desk.settle(processed(a))

    thread = threading.Thread(target=settle, daemon=True)
    thread.start()
    assert waits.wait(5)
    one.desk.close()
    thread.join(5)

    assert queue.status("a") == "processed"


def test_after_the_end_of_claiming_settlements_bring_nothing_in(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()
    one.desk.stop_claiming()

    one.desk.settle(processed(b))

    assert one.delivered == []
    assert (queue.status("a"), queue.status("b")) == ("queued", "processed")
    assert one.slots.idle == THREADS


def test_a_token_heard_after_the_end_of_claiming_is_passed_on(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    queue.silence()
    one.desk.stop_claiming()

    assert one.claim() == []

    assert queue.is_rung()
    assert one.slots.idle == THREADS


def test_what_is_put_back_during_a_shutdown_does_not_wait_for_redis(queue: ScriptedQueue, one: OneDesk) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.desk.stop_claiming()

    def stay_away() -> None:
        one.scripts.before["settle"] = stay_away
        raise RedisAwayError("away")

    one.scripts.before["settle"] = stay_away
    in_another_thread(lambda: one.desk.put_back([a]))
    one.desk.close()

    assert queue.status("a") == "running"
    queue.lose_leases()
