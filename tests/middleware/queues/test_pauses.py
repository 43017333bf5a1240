"""Pauses: nothing is handed out, everything else goes on."""

from __future__ import annotations

import pytest

from middleware.queues.pause import Pause

from ..scripted import START_US, ScriptedQueue


def pause(queue: ScriptedQueue, reason: str = "the provider is down") -> bool:
    return queue.broker.control.pause("default", by="ada", reason=reason)


def resume(queue: ScriptedQueue, reason: str | None = None) -> bool:
    return queue.broker.control.resume("default", by="grace", reason=reason)


@pytest.mark.parametrize("mode", ["windows", "continuous"])
def test_a_paused_queue_hands_out_nothing_until_it_goes_on(queue: ScriptedQueue, mode: str) -> None:
    queue.rule(mode=mode)
    queue.send("a", "b")
    if mode == "windows":
        queue.open()

    assert pause(queue)
    assert (queue.hand_out().word, queue.hand_out().jobs) == ("paused", [])
    assert resume(queue)

    assert queue.claimed_ids(2) == ["b", "a"]


def test_a_queue_without_a_policy_can_be_paused_too(gated_queue: ScriptedQueue) -> None:
    pause(gated_queue)
    assert gated_queue.hand_out().word == "paused"
    resume(gated_queue)
    assert gated_queue.hand_out().word == "closed"


def test_jobs_are_accepted_and_what_runs_goes_on(queue: ScriptedQueue) -> None:
    queue.send("a", "b")
    (running,) = queue.claim()

    pause(queue)
    queue.send("c")

    assert queue.settle(running) == 0
    assert [queue.status(id) for id in "abc"] == ["queued", "processed", "queued"]


def test_nobody_is_woken_in_a_pause_and_somebody_is_at_its_end(queue: ScriptedQueue) -> None:
    queue.send("a")
    assert queue.is_rung()

    pause(queue)
    assert not queue.is_rung()
    queue.send("b")
    queue.scripts.ring_again()
    assert not queue.is_rung()

    resume(queue)
    assert queue.is_rung()


def test_windows_open_and_close_behind_a_pause_and_a_queue_that_goes_on_is_in_the_present_one(
    queue: ScriptedQueue,
) -> None:
    queue.rule(close_when_empty=False)
    queue.send("a", "b")
    first = queue.open(lasts_us=1_000_000)
    queue.claim()
    pause(queue)

    queue.clock.forward(s=5)
    second = queue.open(lasts_us=1_000_000, opened_by="tick", tick_ms=START_US // 1000)
    assert (queue.snapshot().gate, queue.claim()) == ("paused", [])
    resume(queue)

    assert queue.claimed_ids() == ["a"]
    ended = queue.window(first)
    assert (ended.close_reason, ended.closed_at_us) == ("time", START_US + 1_000_000)
    assert queue.window(second).claimed == 1


def test_a_pause_says_why_who_and_when_and_a_second_one_changes_nothing(queue: ScriptedQueue) -> None:
    pause(queue)
    queue.clock.forward(s=1)

    assert not queue.broker.control.pause("default", by="grace", reason="another reason")
    assert queue.snapshot().pause == Pause("the provider is down", "ada", START_US)

    assert resume(queue)
    assert not resume(queue)
    assert queue.snapshot().pause is None


def test_pauses_and_their_ends_are_kept_newest_first(queue: ScriptedQueue) -> None:
    for n in range(3):
        pause(queue, f"reason {n}")
        pause(queue, "again")
        resume(queue, None if n else "all is well")

    kept = [(event.event, event.reason, event.by) for event in queue.broker.control.pauses("default")]
    assert kept == [
        ("resumed", None, "grace"),
        ("paused", "reason 2", "ada"),
        ("resumed", None, "grace"),
        ("paused", "reason 1", "ada"),
        ("resumed", "all is well", "grace"),
        ("paused", "reason 0", "ada"),
    ]


def test_the_history_of_pauses_is_bounded(queue: ScriptedQueue) -> None:
    for n in range(251):
        pause(queue, f"{n}")
        resume(queue)

    kept = queue.broker.control.pauses("default", limit=1_000)
    assert (len(kept), kept[-1].reason) == (500, "1")
