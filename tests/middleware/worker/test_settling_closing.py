"""The end of a settler: nothing is claimed any more, outcomes are kept, the rest goes back."""

from __future__ import annotations

import threading

import pytest

from middleware.errors import RedisAwayError
from middleware.worker.idle_threads import IdleThreads

from ..scripted import ScriptedQueue
from ..settlers import THREADS, OneSettler, in_another_thread, leave


def test_closing_settles_what_was_left_and_puts_back_the_rest(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    b, _ = one.claim(2)
    leave(one, b)

    one.settler.close()

    assert (queue.status("a"), queue.status("b")) == ("queued", "processed")
    assert queue.count("stale_settles") == 0


def test_closing_settles_all_that_was_left_however_much_it_is(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send(*(f"job-{n:03}" for n in range(150)))
    one.idle_threads = one.settler._idle_threads = IdleThreads(150)
    for delivery in one.claim(150):
        leave(one, delivery)

    one.settler.close()

    assert queue.ended("processed") == 150


def test_what_ends_after_the_closing_is_not_settled(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.settler.close()
    calls = len(one.commands.ran)

    one.settler.settle(a)

    assert (queue.status("a"), len(one.commands.ran)) == ("queued", calls)


def test_closing_while_a_settlement_waits_for_redis_keeps_its_outcome(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    waits = threading.Event()

    def stay_away() -> None:
        waits.set()
        if not one.settler._outbox.is_closed:
            one.commands.before["settle"] = stay_away
            raise RedisAwayError("away")

    one.commands.before["settle"] = stay_away

    def settle() -> None:
        with pytest.raises(RedisAwayError):
            one.settler.settle(a)

    thread = threading.Thread(target=settle, daemon=True)
    thread.start()
    assert waits.wait(30)
    one.settler.close()
    thread.join(30)

    assert queue.status("a") == "processed"


def test_after_the_end_of_claiming_settlements_bring_nothing_in(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send_each("a", "b")
    (b,) = one.claim()
    one.settler.stop_claiming()

    one.settler.settle(b)

    assert one.delivered == []
    assert (queue.status("a"), queue.status("b")) == ("queued", "processed")
    assert one.idle_threads.idle == THREADS


def test_a_token_heard_after_the_end_of_claiming_is_passed_on(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    queue.silence()
    one.settler.stop_claiming()

    assert one.claim() == []

    assert queue.is_rung()
    assert one.idle_threads.idle == THREADS


def test_what_is_put_back_during_a_shutdown_does_not_wait_for_redis(queue: ScriptedQueue, one: OneSettler) -> None:
    queue.send("a")
    (a,) = one.claim()
    one.settler.stop_claiming()

    def stay_away() -> None:
        one.commands.before["settle"] = stay_away
        raise RedisAwayError("away")

    one.commands.before["settle"] = stay_away
    in_another_thread(lambda: one.settler.put_back([a]))
    one.settler.close()

    assert queue.status("a") == "running"
    queue.lose_leases()
