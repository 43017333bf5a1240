"""order = "adaptive": fifo until the oldest has waited too long, then lifo until it hasn't any more."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.queues.windows import OrderSwitch

from ..scripted import START_US, ScriptedQueue

ADAPTIVE: dict[str, Any] = {"order": "adaptive", "lifo_above_us": 30_000_000, "lifo_below_us": 15_000_000}


@pytest.fixture(params=["windows", "continuous"])
def adaptive(queue: ScriptedQueue, request: pytest.FixtureRequest) -> ScriptedQueue:
    """An adaptive queue whose jobs may be claimed."""
    queue.rule(mode=request.param, close_when_empty=False, **ADAPTIVE)
    if request.param == "windows":
        queue.open()
    return queue


def test_it_is_fifo_until_the_oldest_has_waited_long_enough_then_lifo(adaptive: ScriptedQueue) -> None:
    adaptive.send("a", "b", "c", "d")
    adaptive.clock.forward(us=29_999_999)
    assert adaptive.claimed_ids() == ["a"]
    adaptive.clock.forward(us=2)

    assert adaptive.claimed_ids(2) == ["d", "c"]


def test_it_stays_lifo_until_the_oldest_has_waited_less_than_the_lower_bound(adaptive: ScriptedQueue) -> None:
    adaptive.send("old")
    adaptive.clock.forward(s=20)
    adaptive.send("a", "b", "c")
    adaptive.clock.forward(s=10)
    assert adaptive.claimed_ids() == ["c"]

    adaptive.cancel("old", "called off")
    adaptive.clock.forward(s=4)
    assert adaptive.snapshot().order_now == "fifo"
    assert adaptive.claimed_ids() == ["a"]
    adaptive.clock.forward(s=5)
    adaptive.send("d")
    assert adaptive.claimed_ids() == ["b"]


def test_between_the_two_bounds_it_stays_as_it_is(adaptive: ScriptedQueue) -> None:
    adaptive.send("a", "b", "c")
    adaptive.clock.forward(s=20)
    assert adaptive.snapshot().order_now == "fifo"
    adaptive.clock.forward(s=10)
    assert adaptive.claimed_ids() == ["c"]
    adaptive.cancel("a", "called off")
    adaptive.send("d")
    assert adaptive.snapshot().order_now == "lifo"


def test_an_empty_stack_makes_it_fifo(adaptive: ScriptedQueue) -> None:
    adaptive.send("a")
    adaptive.clock.forward(s=30)
    assert adaptive.claimed_ids() == ["a"]
    adaptive.send("b", "c")
    assert adaptive.claimed_ids() == ["b"]


def test_each_switch_is_counted_and_kept_with_what_the_oldest_had_waited(adaptive: ScriptedQueue) -> None:
    adaptive.send("a", "b")
    adaptive.clock.forward(s=31)
    adaptive.claim(2)
    adaptive.clock.forward(s=1)
    adaptive.send("c")
    adaptive.claim()

    assert adaptive.broker.windows.switches("default") == [
        OrderSwitch(START_US + 32_000_000, "fifo", 0),
        OrderSwitch(START_US + 31_000_000, "lifo", 31_000_000),
    ]
    assert (adaptive.count("order_switches_to_lifo"), adaptive.count("order_switches_to_fifo")) == (1, 1)


def test_the_share_of_the_oldest_holds_while_it_is_lifo(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False, oldest_share_ppm=500_000, **ADAPTIVE)
    queue.send("a", "b", "c", "d")
    queue.open()
    queue.clock.forward(s=30)

    assert queue.broker.windows.next("default").job_ids == ["d", "a", "c", "b"]
    assert queue.claimed_ids(4) == ["d", "a", "c", "b"]


def test_a_window_copies_the_rule_with_its_bounds_and_looks_the_present_order_up_at_each_claim(
    queue: ScriptedQueue,
) -> None:
    queue.rule(close_when_empty=False, **ADAPTIVE)
    queue.send("a", "b", "c", "d")
    window = queue.open()
    queue.rule(close_when_empty=False, order="fifo")

    assert queue.claimed_ids() == ["a"]
    queue.clock.forward(s=31)
    assert queue.snapshot().order == "fifo"
    assert queue.snapshot().order_now == "lifo"
    assert queue.claimed_ids() == ["d"]
    assert queue.window(window).order == "adaptive"
    queue.open()
    assert queue.claimed_ids() == ["b"]


def test_another_order_forgets_the_present_one(adaptive: ScriptedQueue) -> None:
    adaptive.send("a")
    adaptive.clock.forward(s=30)
    assert adaptive.snapshot().order_now == "lifo"
    adaptive.rule(mode="continuous", order="lifo")
    adaptive.rule(mode="continuous", **ADAPTIVE | {"lifo_above_us": 40_000_000})
    assert adaptive.snapshot().order_now == "fifo"


def test_only_so_many_switches_are_kept(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", **ADAPTIVE)
    for n in range(60):
        queue.send(f"{n}")
        queue.clock.forward(s=31)
        queue.claim()
        queue.send(f"at once {n}")
        queue.claim()

    assert len(queue.broker.windows.switches("default")) == 100
    assert queue.count("order_switches_to_lifo") == 60


def test_to_look_at_the_queue_changes_nothing(adaptive: ScriptedQueue) -> None:
    adaptive.send("a")
    adaptive.clock.forward(s=30)

    assert [adaptive.snapshot().order_now for _ in range(2)] == ["lifo", "lifo"]

    assert adaptive.broker.windows.switches("default") == []
    assert adaptive.count("order_switches_to_lifo") == 0
