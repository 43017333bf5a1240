"""Deadlines that can't be met, as a queue is when a job comes: said in words."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest

from middleware.commands.types import Settlement
from middleware.diagnosis.prospects import warnings_of
from middleware.enqueue.due import AT_ONCE, Due

from ..scripted import LEASE_US, WORKER, ScriptedQueue
from .test_why import with_worker


def warning(queue: ScriptedQueue, expires_in_s: float | None, due: Due = AT_ONCE, **options: Any) -> str | None:
    """That of a job which would come now."""
    if expires_in_s:
        options["expires_in"] = expires_in_s * 1000
    message: dramatiq.Message[Any] = dramatiq.Message(queue.name, "task", (), {}, options)
    [text] = warnings_of([message], [due], queue.broker)
    return text


def says(queue: ScriptedQueue, part: str, expires_in_s: float, due: Due = AT_ONCE, **options: Any) -> bool:
    return part in (warning(queue, expires_in_s, due, **options) or "")


def planned(queue: ScriptedQueue, in_s: float, **policy: Any) -> None:
    """Windows, the next of which opens in so many seconds."""
    queue.rule(**policy)
    found = queue.snapshot().policy
    assert found is not None
    at_ms = (queue.clock.now_us + round(in_s * 1e6)) // 1000
    queue.broker.windows.put_policy(queue.name, found, next_tick_ms=at_ms)


@pytest.fixture
def served(queue: ScriptedQueue) -> ScriptedQueue:
    """A continuous queue with a worker."""
    with_worker(queue)
    queue.rule(mode="continuous")
    return queue


def test_nothing_is_in_the_way_on_top_of_a_stack_however_deep(served: ScriptedQueue) -> None:
    served.send_each(*"abcdefgh")

    assert warning(served, 5) is None
    assert warning(served, None) is None


def test_a_deadline_that_passed_or_comes_before_the_job_is_due(served: ScriptedQueue) -> None:
    past = {"expires_at_us": served.clock.now_us - 1}
    assert says(served, "Its deadline passed at 2023-11-14T22:13:", 0, **past)
    late = warning(served, 30, Due(delay_ms=60_000))
    assert late == "It expires 30 s after its acceptance, and falls due 60 s after its acceptance."
    at_us = served.clock.now_us + 31_000_000
    assert says(served, "It expires 0.25 s after its acceptance, and falls due at 2023-11-14T", 0.25, Due(at_us=at_us))
    fixed = {"expires_at_us": at_us}
    assert says(served, "It expires at 2023-11-14T22:13:51.000000Z, and falls due ", 0, Due(delay_ms=60_000), **fixed)
    assert warning(served, 30, Due(delay_ms=20_000)) is None
    assert warning(served, 30, Due(at_us=1)) is None


def test_a_pause_and_a_queue_without_workers(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    assert says(queue, ", and no worker that is connected consumes queue default.", 60)
    with_worker(queue)
    assert warning(queue, 60) is None

    queue.broker.control.pause(queue.name, by="ada", reason="the provider is down")

    assert says(queue, ", and queue default is paused: the provider is down.", 60)


def test_a_window_that_opens_after_the_deadline(served: ScriptedQueue) -> None:
    planned(served, 30, mode="windows", period_us=60_000_000, batch=10)

    assert says(served, ", and the next window opens at 2023-11-14T22:13:50.000000Z.", 29)
    assert warning(served, 31) is None


def test_no_window_is_planned(served: ScriptedQueue) -> None:
    served.rule(mode="windows", batch=10, close_when_empty=False)

    assert says(served, ", and no window is planned.", 60)
    served.open(credits=1)
    assert warning(served, 60) is None


def test_a_window_whose_credits_are_used_up_lets_nothing_more_through(served: ScriptedQueue) -> None:
    planned(served, 30, mode="windows", period_us=60_000_000, batch=1)
    served.send_each("a", "b")
    served.open(credits=1, lasts_us=60_000_000)
    assert warning(served, 10) is None

    served.claim()

    assert says(served, "the next window opens at", 10)


def test_a_job_that_falls_due_when_the_window_is_closed_again(served: ScriptedQueue) -> None:
    planned(served, 60, mode="windows", period_us=60_000_000, lasts_us=5_000_000, batch=10, close_when_empty=False)
    served.open(credits=10, lasts_us=5_000_000)

    assert says(served, "the next window opens at", 30, Due(delay_ms=10_000))
    assert warning(served, 30) is None
    assert warning(served, 70, Due(delay_ms=10_000)) is None


def test_in_fifo_order_others_go_first(served: ScriptedQueue) -> None:
    planned(served, 1, mode="windows", order="fifo", period_us=1_000_000, batch=2)
    served.send_each(*"abcdefgh")

    assert says(served, "8 jobs go first, and the windows until then let 6 through.", 3.5)
    assert warning(served, 5.5) is None
    served.rule(mode="windows", order="lifo", period_us=1_000_000, batch=2)
    assert warning(served, 3.5) is None


def test_in_fifo_order_the_pace_of_the_last_minutes_counts(served: ScriptedQueue) -> None:
    served.rule(mode="continuous", order="fifo")
    served.send(*(f"{n}" for n in range(100)))
    for _ in range(4):
        (token,) = served.claim()
        served.clock.forward(s=2)
        served.scripts.settle([Settlement(*token, "processed")], WORKER, LEASE_US, 0)

    assert says(served, "96 jobs go first, and at 1 starts a second as in the last minutes", 60)
    assert warning(served, 200) is None


def test_by_generation_the_younger_ones_go_first(served: ScriptedQueue) -> None:
    planned(served, 1, mode="windows", order_by="generated", period_us=1_000_000, batch=2)
    served.clock.forward(s=60)
    planned(served, 1, mode="windows", order_by="generated", period_us=1_000_000, batch=2)
    served.send_generated(5_000_000, *"abcdefgh")

    assert says(served, "8 jobs go first", 3.5, generated_at=served.clock.now_us - 9_000_000)
    assert warning(served, 3.5, generated_at=served.clock.now_us - 1_000_000) is None
    assert warning(served, 3.5) is None


def test_a_batch_reads_its_queue_once_and_a_job_without_a_deadline_not_at_all(served: ScriptedQueue) -> None:
    def scripts_run(*expires_in: int | None) -> int:
        messages: list[dramatiq.Message[Any]] = [
            dramatiq.Message(served.name, "task", (), {}, {"expires_in": ms} if ms else {}) for ms in expires_in
        ]
        served.client.config_resetstat()
        warnings_of(messages, [AT_ONCE] * len(messages), served.broker)
        return int(served.client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))

    assert scripts_run(None, None) == 0
    assert scripts_run(None, *range(1_000, 1_020)) == scripts_run(1_000) == 2  # the queue, and the processes
