"""What the next window would let through, compared with what it does let through."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.queues.policy import Policy

from ..scripted import ScriptedQueue

JOBS = [f"job-{n:03d}" for n in range(30)]


@pytest.mark.parametrize(
    "policy",
    [
        {"order": "lifo", "batch": 7},
        {"order": "lifo", "batch": 0},
        {"order": "lifo", "batch": 20, "oldest_share_ppm": 333_333},
        {"order": "lifo", "batch": 50, "oldest_share_ppm": 1_000_000},
        {"order": "fifo", "batch": 5},
    ],
    ids=str,
)
def test_what_it_would_let_through_is_what_it_lets_through(queue: ScriptedQueue, policy: dict[str, Any]) -> None:
    queue.rule(**policy)
    queue.send_each(*JOBS)

    told = queue.broker.windows.next("default")
    queue.open(credits=policy["batch"])
    claimed = queue.claimed_ids(100)

    assert told.job_ids == claimed
    assert told.count == len(claimed)


def test_at_most_as_many_ids_as_asked_for_are_shown_and_the_count_of_all(queue: ScriptedQueue) -> None:
    queue.rule(batch=20, oldest_share_ppm=500_000)
    queue.send_each(*JOBS)

    told = queue.broker.windows.next("default", limit=4)
    assert (told.count, told.job_ids) == (20, ["job-029", "job-000", "job-028", "job-001"])


def test_what_falls_due_by_now_is_counted(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("later", after_us=1_000)
    assert queue.broker.windows.next("default").count == 0
    queue.clock.forward(us=1_000)
    assert queue.broker.windows.next("default").job_ids == ["later"]


def test_when_it_opens_is_shown_unless_nobody_opens_windows(queue: ScriptedQueue) -> None:
    next_ms = queue.clock.now_us // 1000 + 2_000
    queue.broker.windows.put_policy("default", Policy(), next_tick_ms=next_ms)
    assert queue.broker.windows.next("default").opens_at_us == next_ms * 1000
    queue.clock.forward(s=8)
    assert queue.broker.windows.next("default").opens_at_us is None


def test_a_continuous_queue_has_no_next_window(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    queue.send("a")

    told = queue.broker.windows.next("default")
    assert (told.opens_at_us, told.count, told.job_ids) == (None, 0, [])
