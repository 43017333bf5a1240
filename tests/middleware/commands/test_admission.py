"""Beyond the bound on waiting jobs: refused with the time of the next window, or the oldest make room."""

from __future__ import annotations

from typing import Any

from middleware.commands import build, keys
from middleware.commands.types import Accepted, Crowded, Offer, Room
from middleware.diagnosis.audit import audit
from middleware.queues.policy import Policy

from ..scripted import ScriptedQueue

S = 1_000_000


def drop(queue: ScriptedQueue, most: int, *ids: str, due: bytes = b"") -> object:
    """Accept these; the oldest make room for them."""
    queue.clock.forward(us=1)
    return queue.offer(*ids, due=due, most_waiting=most, drop_oldest=True)


def test_the_oldest_make_room_for_new_ones(queue: ScriptedQueue) -> None:
    queue.send_each(*"abcd")

    assert isinstance(drop(queue, 4, "e", "f"), Accepted)

    assert queue.waiting() == ["f", "e", "d", "c"]
    job = queue.job("a")
    assert (job.status, job.reason, job.finished_at_us) == ("expired", "overflow", queue.clock.now_us)
    assert (queue.count("overflowed"), queue.ended("expired")) == (2, 2)
    queue.audit()


def test_what_is_on_the_stack_makes_room_for_what_comes_later_but_not_the_other_way_round(queue: ScriptedQueue) -> None:
    queue.send("now")
    queue.send("later", after_us=S)

    assert isinstance(drop(queue, 2, "much later", due=b"+%d" % (2 * S)), Accepted)
    assert drop(queue, 2, "even later", due=b"+%d" % (3 * S)) == Crowded(2)

    assert (queue.status("now"), queue.status("later"), queue.waiting()) == ("expired", "scheduled", [])
    queue.audit()


def test_a_bound_that_was_lowered_is_reached_in_steps(queue: ScriptedQueue) -> None:
    step = build.PARAMETERS["EXPIRED_AT_ONCE"] + 1
    for start in range(0, 2 * step, step):
        queue.send(*(f"{start + n}" for n in range(step)))

    drop(queue, 10, "new")
    assert len(queue.waiting()) == step + 1
    drop(queue, 10, "newer")
    drop(queue, 10, "newest")

    assert queue.waiting()[:3] == ["newest", "newer", "new"]
    assert len(queue.waiting()) == 10
    queue.audit()


def test_a_superseded_job_makes_room_by_itself(queue: ScriptedQueue) -> None:
    queue.send("old")
    queue.clock.forward(us=1)
    queue.send_about("a", "waits")
    queue.clock.forward(us=1)

    queue.send_about("a", "new")
    drop(queue, 3, "fits")

    assert queue.waiting() == ["fits", "new", "old"]
    assert queue.count("overflowed") == 0
    queue.audit()


def test_what_is_refused_names_the_next_window(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows")
    next_ms = queue.clock.now_us // 1000 + 7_500
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]
    queue.send("a")

    assert queue.offer("b", most_waiting=1) == Crowded(1, 7_500_000)
    queue.open()
    assert queue.offer("b", most_waiting=1) == Crowded(1, 0)
    queue.audit()


def sized(queue: ScriptedQueue, size: int, *ids: str, most_bytes: int = 0, drop: bool = False, **more: Any) -> object:
    """Accept jobs whose messages have so many bytes."""
    queue.clock.forward(us=1)
    offers = [Offer(id, "task", b"x" * size, **more) for id in ids]
    return queue.scripts.accept(offers, room=Room(0, drop, most_bytes))


def test_the_bytes_that_wait_are_counted_wherever_a_job_goes(queue: ScriptedQueue) -> None:
    sized(queue, 100, "a", "b")
    sized(queue, 30, "later", due=b"+%d" % S)
    assert (queue.count("queued_bytes"), queue.count("scheduled_bytes")) == (200, 30)

    (token,) = queue.claim()
    assert queue.snapshot().waiting_bytes == 130
    queue.settle(token, "retry", delay_us=S, message=b"y" * 120)
    assert (queue.count("queued_bytes"), queue.count("scheduled_bytes")) == (100, 150)
    queue.clock.forward(s=1)
    queue.scripts.promote()
    assert (queue.count("queued_bytes"), queue.count("scheduled_bytes")) == (250, 0)
    queue.cancel("a", "")
    assert queue.snapshot().waiting_bytes == 150
    queue.retry("a", b"z" * 7)
    assert queue.snapshot().waiting_bytes == 157
    queue.claim(3)
    assert queue.snapshot().waiting_bytes == 0
    queue.lose_leases()
    assert queue.snapshot().waiting_bytes == 157
    assert audit(queue.name, queue.broker.redis.new_link()) == []
    queue.broker.flush(queue.name)
    assert queue.snapshot().waiting_bytes == 0


def test_more_bytes_than_the_bound_are_refused(queue: ScriptedQueue) -> None:
    assert isinstance(sized(queue, 100, "a", "b", most_bytes=250), Accepted)
    assert sized(queue, 51, "c", most_bytes=250) == Crowded(2, bytes=200, wanted_bytes=51)
    assert isinstance(sized(queue, 50, "c", most_bytes=250), Accepted)
    queue.claim(2)
    assert isinstance(sized(queue, 150, "d", most_bytes=250), Accepted)
    assert queue.snapshot().waiting_bytes == 250


def test_the_oldest_make_room_for_bytes(queue: ScriptedQueue) -> None:
    for id in "abcd":
        sized(queue, 100, id)

    assert isinstance(sized(queue, 150, "e", most_bytes=400, drop=True), Accepted)

    assert queue.waiting() == ["e", "d", "c"]
    assert (queue.job("a").reason, queue.count("overflowed"), queue.snapshot().waiting_bytes) == ("overflow", 2, 350)


def test_both_bounds_hold_together(queue: ScriptedQueue) -> None:
    for id in "abc":
        sized(queue, 10, id)
    offers = [Offer("d", "task", b"x" * 25)]

    assert isinstance(queue.scripts.accept(offers, room=Room(3, True, 60)), Accepted)
    assert queue.waiting() == ["d", "c", "b"]
    assert isinstance(queue.scripts.accept([Offer("e", "task", b"x" * 30)], room=Room(3, True, 60)), Accepted)
    assert queue.waiting() == ["e", "d"]


def test_scheduled_bytes_make_no_room(queue: ScriptedQueue) -> None:
    sized(queue, 100, "later", due=b"+%d" % S)
    sized(queue, 10, "now")

    assert sized(queue, 60, "x", most_bytes=150, drop=True) == Crowded(2, bytes=110, wanted_bytes=60)
    assert queue.waiting() == ["now"]


def test_a_large_job_finds_room_among_many_small_ones_in_steps(queue: ScriptedQueue) -> None:
    at_once = build.PARAMETERS["EXPIRED_AT_ONCE"] + 1
    sized(queue, 10, *(f"{n}" for n in range(3 * at_once)))
    bound, large = 30 * at_once, 25 * at_once

    queue.broker.windows.put_policy("default", Policy(mode="windows"), next_tick_ms=queue.clock.now_us // 1000 + 7_500)
    refused = sized(queue, large, "large", most_bytes=bound, drop=True)
    assert refused == Crowded(3 * at_once, bytes=30 * at_once, wanted_bytes=large)
    assert len(queue.waiting()) == 2 * at_once
    assert isinstance(sized(queue, large, "large", most_bytes=bound, drop=True), Crowded)
    assert isinstance(sized(queue, large, "large", most_bytes=bound, drop=True), Accepted)
    assert queue.snapshot().waiting_bytes <= bound
    assert queue.count("overflowed") == 3 * at_once - len(queue.waiting()) + 1


def test_a_bound_on_bytes_that_was_lowered_is_reached_in_steps(queue: ScriptedQueue) -> None:
    at_once = build.PARAMETERS["EXPIRED_AT_ONCE"] + 1
    sized(queue, 10, *(f"{n}" for n in range(2 * at_once)))

    assert isinstance(sized(queue, 10, "new", most_bytes=100, drop=True), Accepted)
    assert len(queue.waiting()) == at_once + 1
    sized(queue, 10, "newer", most_bytes=100, drop=True)
    sized(queue, 10, "newest", most_bytes=100, drop=True)
    assert queue.snapshot().waiting_bytes == 100


def test_an_audit_finds_bytes_that_were_counted_wrong(queue: ScriptedQueue) -> None:
    sized(queue, 100, "a")
    queue.count("accepted")
    queue.client.hincrby(keys.counters(queue.name), "queued_bytes", 5)

    [fault] = audit(queue.name, queue.broker.redis.new_link())
    assert fault.endswith("the messages of jobs that wait have 100 bytes, and 105 were counted")
    queue.client.hincrby(keys.counters(queue.name), "queued_bytes", -5)
