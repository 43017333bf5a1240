"""What opens a window, and by which rule: ticks, policies, operators."""

from __future__ import annotations

import pytest

from middleware.errors import WindowRefusedError
from middleware.queues.policy import Policy
from middleware.queues.window import OpenedBy

from ..scripted import START_US, ScriptedQueue

TICK_MS = START_US // 1000


def test_a_window_keeps_the_rule_that_it_was_opened_with(queue: ScriptedQueue) -> None:
    queue.rule(order="fifo")
    queue.send("a", "b", "c")
    window = queue.open(credits=2)

    queue.rule(order="lifo", oldest_share_ppm=500_000)
    assert queue.claimed_ids(2) == ["a", "b"]
    assert (queue.window(window).order, queue.window(window).oldest_share_ppm) == ("fifo", 0)


@pytest.mark.parametrize(("opened_by", "is_kept"), [("tick", False), ("operator", True), ("command", True)])
def test_a_window_over_an_empty_stack_comes_back_closed_and_is_kept_if_a_person_opened_it(
    queue: ScriptedQueue, opened_by: OpenedBy, is_kept: bool
) -> None:
    queue.rule(close_when_empty=True)

    window = queue.open(credits=10, opened_by=opened_by)

    assert (window.is_open, window.close_reason) == (False, "empty")
    assert queue.broker.windows.get(window.id) == (window if is_kept else None)
    assert queue.count("windows_unused") == 1


def test_jobs_that_fall_due_belong_to_the_window_that_opens_then(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)
    queue.send("later", after_us=1_000)
    queue.clock.forward(us=1_000)

    window = queue.open()

    assert window.is_open
    assert queue.claimed_ids() == ["later"]


def test_opening_wakes_a_consumer(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    assert not queue.is_rung()

    queue.open()

    assert queue.is_rung()


def test_a_tick_opens_one_window_however_often_it_is_asked(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    queue.open(opened_by="tick", tick_ms=TICK_MS)

    for repeated in (TICK_MS, TICK_MS - 2000):
        with pytest.raises(WindowRefusedError, match="isn't later than the last one"):
            queue.open(opened_by="tick", tick_ms=repeated)
    assert [w.tick_ms for w in queue.broker.windows.page(queue="default").windows] == [TICK_MS]


def test_a_tick_of_an_empty_stack_is_used_up_too(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.open(opened_by="tick", tick_ms=TICK_MS)
    queue.send("a")

    with pytest.raises(WindowRefusedError):
        queue.open(opened_by="tick", tick_ms=TICK_MS)


def test_a_tick_more_than_a_second_ahead_is_refused(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")

    with pytest.raises(WindowRefusedError, match="more than a second ahead"):
        queue.open(opened_by="tick", tick_ms=TICK_MS + 1001)
    assert queue.open(opened_by="tick", tick_ms=TICK_MS + 1000).is_open


def test_without_a_policy_or_in_a_continuous_queue_no_window_opens(queue: ScriptedQueue) -> None:
    with pytest.raises(WindowRefusedError, match="no policy"):
        queue.open()
    queue.rule(mode="continuous")
    with pytest.raises(WindowRefusedError, match="continuous"):
        queue.open()


def test_a_policy_that_is_in_force_already_changes_nothing(queue: ScriptedQueue) -> None:
    policy = Policy(oldest_share_ppm=100_000, batch=7)

    assert queue.broker.windows.put_policy("default", policy)
    assert not queue.broker.windows.put_policy("default", policy)
    assert queue.snapshot().policy == policy
