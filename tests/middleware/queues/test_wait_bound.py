"""The bound on a job's wait: told only where it holds, and then it does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from middleware.queues.policy import Policy
from middleware.queues.wait_bound import wait_bound_us

from ..scripted import ScriptedQueue

SECOND_US = 1_000_000
POLICY = Policy(batch=10, oldest_share_ppm=250_000, period_us=SECOND_US, lasts_us=SECOND_US // 2)


def rule(queue: ScriptedQueue, policy: Policy = POLICY) -> None:
    queue.broker.windows.put_policy("default", policy, next_tick_ms=queue.clock.now_us // 1000 + 1_000)


def open_and_use(queue: ScriptedQueue, policy: Policy = POLICY, claims: int = 10) -> list[str]:
    """The next tick's window, and as many claims; all they brought is processed at once."""
    queue.clock.now_us = (queue.clock.now_us // SECOND_US + 1) * SECOND_US
    rule(queue, policy)
    queue.open(credits=policy.batch, lasts_us=policy.lasts_us)
    tokens = queue.claim(claims)
    for token in tokens:
        queue.settle(token)
    return [id for id, _ in tokens]


def test_it_is_shown_after_ten_full_windows_and_not_before(queue: ScriptedQueue) -> None:
    queue.send(*(f"{n}" for n in range(131)))
    rule(queue)
    for n in range(10):
        assert queue.snapshot().wait_bound_us is None, n
        open_and_use(queue)

    # 31 jobs and the one to come, two a window to the oldest: 16 windows, and the half second that the last one lasts.
    assert queue.snapshot().wait_bound_us == 16_500_000


def test_a_window_that_was_not_full_takes_it_back(queue: ScriptedQueue) -> None:
    queue.send(*(f"{n}" for n in range(150)))
    for _ in range(10):
        open_and_use(queue)
    assert queue.snapshot().wait_bound_us is not None

    open_and_use(queue, claims=9)
    assert queue.snapshot().wait_bound_us is not None  # it is open still
    queue.clock.forward(s=1)
    rule(queue)
    assert queue.snapshot().wait_bound_us is None


def test_a_window_in_which_nothing_was_claimed_takes_it_back_too(queue: ScriptedQueue) -> None:
    queue.send(*(f"{n}" for n in range(150)))
    for _ in range(10):
        open_and_use(queue)
    open_and_use(queue, claims=0)
    queue.clock.forward(s=1)
    rule(queue)
    assert queue.snapshot().wait_bound_us is None


def test_in_a_pause_and_without_a_next_window_there_is_none(queue: ScriptedQueue) -> None:
    queue.send(*(f"{n}" for n in range(150)))
    for _ in range(10):
        open_and_use(queue)

    queue.broker.control.pause("default", by="ada", reason="x")
    assert queue.snapshot().wait_bound_us is None
    queue.broker.control.resume("default", by="ada")
    assert queue.snapshot().wait_bound_us is not None
    queue.broker.windows.put_policy("default", POLICY, next_tick_ms=None)
    assert queue.snapshot().wait_bound_us is None


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, mode="continuous"),
        replace(POLICY, oldest_share_ppm=0),
        replace(POLICY, oldest_share_ppm=99_999),
        replace(POLICY, batch=0),
        replace(POLICY, period_us=0),
    ],
    ids=["continuous", "no share", "a share of less than one claim", "no credits", "ticks that vary"],
)
def test_where_nothing_can_be_said_there_is_none(policy: Policy) -> None:
    assert wait_bound_us(POLICY, waiting=5, running=1, are_full=True) == 4_500_000
    assert wait_bound_us(policy, waiting=5, running=1, are_full=True) is None


def test_a_window_without_a_length_lasts_until_the_next() -> None:
    assert wait_bound_us(replace(POLICY, lasts_us=0), waiting=1, running=0, are_full=True) == 2_000_000
    assert wait_bound_us(replace(POLICY, lasts_us=9_000_000), waiting=1, running=0, are_full=True) == 2_000_000


@pytest.mark.parametrize("order", ["lifo", "adaptive"])
def test_no_job_waits_longer_whatever_arrives_on_top(queue: ScriptedQueue, order: str) -> None:
    policy = replace(POLICY, order=order, lifo_above_us=3_000_000, lifo_below_us=1_000_000)  # type: ignore[arg-type]
    chance = random.Random(7)
    made = told = 0
    due: dict[str, int] = {}
    rule(queue, policy)
    for _ in range(60):
        for _ in range(chance.randint(10, 14)):
            queue.clock.forward(ms=chance.randint(1, 60))
            bound_us = queue.snapshot().wait_bound_us
            made += 1
            queue.send(f"{made}")
            if bound_us is not None:
                told += 1
                due[f"{made}"] = queue.clock.now_us + bound_us
        for id in open_and_use(queue, policy):
            assert queue.clock.now_us <= due.pop(id, queue.clock.now_us), id
    assert told > 500
    for _ in range(80):
        for id in open_and_use(queue, policy):
            assert queue.clock.now_us <= due.pop(id, queue.clock.now_us), id
    assert due == {}
