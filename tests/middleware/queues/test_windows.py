"""Windows: credits, and every reason to close."""

from __future__ import annotations

import msgpack
import pytest

from middleware.commands import keys

from ..scripted import START_US, ScriptedQueue


def test_a_window_lets_through_its_credits_and_not_one_more(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c", "d", "e")
    window = queue.open(credits=3)

    assert queue.claimed_ids(2) == ["e", "d"]
    assert queue.claimed_ids(2) == ["c"]
    assert queue.claimed_ids(2) == []

    closed = queue.window(window)
    assert (closed.claimed, closed.credits, closed.close_reason) == (3, 3, "credits")
    assert (closed.left_waiting, closed.closed_at_us) == (2, queue.clock.now_us)


def test_credits_are_never_given_back(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c")
    window = queue.open(credits=2)
    c, b = queue.claim(2)
    queue.settle(c, "retry")
    queue.settle(b, "put_back")

    assert queue.claim() == []
    assert queue.window(window).claimed == 2


def test_a_window_without_bound_ends_when_the_stack_is_empty(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)
    queue.send("a", "b")
    window = queue.open()
    assert queue.window(window).credits is None

    queue.claim(10)

    closed = queue.window(window)
    assert (closed.close_reason, closed.left_waiting, closed.oldest_wait_us) == ("empty", 0, None)


def test_a_window_that_stays_open_takes_what_comes_later(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    window = queue.open()
    assert queue.claim() == []

    queue.send("a")

    assert queue.is_rung()
    assert queue.claimed_ids() == ["a"]
    assert queue.window(window).is_open


def test_time_closes_a_window_at_the_planned_moment_whenever_it_is_noticed(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(lasts_us=1_000_000)
    queue.claim()

    queue.clock.forward(us=999_999)
    assert queue.window(window).is_open
    queue.clock.forward(s=5)
    assert queue.claim() == []

    closed = queue.window(window)
    assert (closed.close_reason, closed.closed_at_us) == ("time", START_US + 1_000_000)
    assert (closed.left_waiting, closed.oldest_wait_us) == (1, 1_000_000)


@pytest.mark.parametrize("end", ["made continuous", "last job cancelled", "flushed"])
def test_a_window_whose_time_was_up_keeps_that_end_whatever_happens_later(queue: ScriptedQueue, end: str) -> None:
    queue.rule(close_when_empty=True)
    queue.send("a", "b")
    window = queue.open(lasts_us=1_000_000)
    queue.claim()
    queue.clock.forward(s=5)

    match end:
        case "made continuous":
            queue.rule(mode="continuous")
        case "last job cancelled":
            queue.cancel("a", "called off")
        case "flushed":
            queue.scripts.flush()

    closed = queue.window(window)
    assert (closed.close_reason, closed.closed_at_us) == ("time", START_US + 1_000_000)


def test_a_time_that_is_up_closes_a_window_for_whoever_reads_it(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    queue.open(lasts_us=1_000_000)
    queue.claim()
    queue.clock.forward(s=1)

    (window,) = queue.broker.windows.page(queue="default").windows
    assert (window.close_reason, window.is_open) == ("time", False)


def test_the_next_window_replaces_an_open_one(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c")
    first = queue.open(credits=5)
    queue.claim()

    queue.clock.forward(s=1)
    second = queue.open(credits=1)
    queue.claim(3)

    replaced = queue.window(first)
    assert (replaced.close_reason, replaced.closed_at_us, replaced.claimed) == ("replaced", START_US + 1_000_000, 1)
    assert queue.window(second).claimed == 1


def test_an_operator_closes_a_window(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open()
    queue.claim()

    closed = queue.broker.windows.close(window.id)

    assert closed is not None
    assert (closed.close_reason, closed.left_waiting) == ("operator", 1)
    assert queue.claim() == []


def test_closing_a_window_again_changes_nothing(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(credits=1)
    queue.claim()

    queue.clock.forward(s=1)
    again = queue.broker.windows.close(window.id)

    assert again is not None
    assert (again.close_reason, again.closed_at_us) == ("credits", START_US)


def test_a_window_that_was_never_there_cannot_be_closed(queue: ScriptedQueue) -> None:
    assert queue.broker.windows.close("default.7") is None
    assert queue.broker.windows.close("no window") is None


def test_making_a_queue_continuous_ends_its_window(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(credits=1_000)
    queue.claim()

    queue.rule(mode="continuous")

    assert queue.window(window).close_reason == "replaced"
    assert queue.claimed_ids() == ["a"]
    assert queue.job("a").window is None


def test_a_window_knows_who_opened_and_who_closed_it_by_hand(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    window = queue.open(by="Ann")
    queue.scripts.close_window(window.number, "Bob")
    queue.scripts.close_window(window.number, "Cid")

    assert (queue.window(window).opener, queue.window(window).closer) == ("Ann", "Bob")


def test_a_window_that_was_opened_before_names_were_kept_is_closed_as_others(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open()
    link = queue.broker.redis.new_link()
    packed = link.call("HGET", keys.windows(queue.name), window.number)
    link.call("HSET", keys.windows(queue.name), window.number, msgpack.packb(msgpack.unpackb(packed)[:-2]))
    queue.claim()

    queue.scripts.close_window(window.number, "Ann")

    closed = queue.window(window)
    assert (closed.claimed, closed.close_reason, closed.opener, closed.closer) == (1, "operator", None, "Ann")
