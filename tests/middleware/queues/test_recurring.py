"""Recurring jobs as Redis decides them: each tick once, whoever asks, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from middleware.clock import rfc3339
from middleware.commands import keys
from middleware.commands.types import Offer, Skipped, Submitted, Tick, TickAnswer, TickRefused
from middleware.errors import QueueFullError
from middleware.queues.recurring import Definition, RecurringJob

from ..scripted import START_US, ScriptedQueue

START_MS = START_US // 1000
NIGHTLY = Definition(
    name="nightly",
    queue="default",
    task="task",
    payload={"n": 1},
    timetable="every 10s",
    missed="skip",
    skip_if_waiting=False,
    next_ticks_ms=(),
)


@pytest.fixture
def queue(queue: ScriptedQueue) -> ScriptedQueue:
    """A queue with a recurring job that ticks every 10 s."""
    put(queue)
    return queue


def put(queue: ScriptedQueue, *definitions: Definition) -> int:
    return queue.broker.recurring.put(queue.name, definitions or [NIGHTLY])


def tick(queue: ScriptedQueue, at_s: float, **more: Any) -> TickAnswer:
    """The answer to a tick so many seconds after the start; its job is called after it."""
    id = f"tick-{at_s:g}-{queue.clock.now_us}"
    at_ms = START_MS + int(at_s * 1000)
    return queue.scripts.accept_tick(Offer(id, "task", queue.encoded(id)), Tick("nightly", at_ms, **more))


def tick_at(queue: ScriptedQueue, at_s: float, **more: Any) -> TickAnswer:
    """As :func:`tick`, when it comes."""
    queue.clock.now_us = START_US + int(at_s * 1_000_000)
    return tick(queue, at_s, **more)


def shown(queue: ScriptedQueue) -> RecurringJob:
    found = queue.broker.recurring.get("nightly")
    assert found is not None
    return found


def test_a_tick_submits_one_job_however_often_it_is_asked_for(queue: ScriptedQueue) -> None:
    first = tick_at(queue, 10)
    queue.clock.forward(ms=5)
    again = [tick(queue, 10) for _ in range(3)]

    assert first == Submitted(START_US + 10_000_000, unnoted_us=START_US)
    assert again == [TickRefused("repeated")] * 3
    assert len(queue.waiting()) == 1
    assert shown(queue).ticks == {"submitted": 1, "skipped_paused": 0, "skipped_waiting": 0, "missed": 0}


def test_a_tick_that_is_not_later_than_the_last_one_submits_nothing(queue: ScriptedQueue) -> None:
    tick_at(queue, 20)

    assert tick(queue, 10) == TickRefused("repeated")
    assert tick_at(queue, 30) == Submitted(START_US + 30_000_000, unnoted_us=START_US + 20_000_000)


def test_a_tick_that_lies_ahead_by_more_than_a_second_submits_nothing_yet(queue: ScriptedQueue) -> None:
    queue.clock.forward(s=8.9)
    assert tick(queue, 10) == TickRefused("early")
    queue.clock.forward(s=0.1)
    assert isinstance(tick(queue, 10), Submitted)


def test_a_tick_of_what_no_cadence_has_is_unknown(queue: ScriptedQueue) -> None:
    queue.client.delete(keys.recurring("default"))
    assert tick_at(queue, 10) == TickRefused("unknown")
    assert queue.waiting() == []


def test_a_tick_from_before_there_were_such_ticks_submits_nothing(queue: ScriptedQueue) -> None:
    queue.clock.forward(s=15)
    put(queue, replace(NIGHTLY, timetable="every 5s"))

    assert tick(queue, 15, is_begin=True) == TickRefused("repeated")
    assert isinstance(tick(queue, 15), Submitted)
    assert isinstance(tick_at(queue, 20, is_begin=True), Submitted)


def test_other_ticks_begin_when_they_come_into_force_and_other_payloads_change_nothing(queue: ScriptedQueue) -> None:
    queue.clock.forward(s=12)
    assert put(queue, replace(NIGHTLY, payload={"n": 2}, next_ticks_ms=(1,))) == 0
    assert isinstance(tick(queue, 10, is_begin=True), Submitted)
    assert put(queue, replace(NIGHTLY, timetable="every 1s")) == 1
    assert tick(queue, 11, is_begin=True) == TickRefused("repeated")


def test_a_pause_skips_ticks_for_good(queue: ScriptedQueue) -> None:
    paused = queue.broker.recurring.pause("nightly", by="Ann", reason="repairs")
    queue.broker.recurring.pause("nightly", by="Bob", reason="another")
    assert paused is not None
    assert paused.pause == shown(queue).pause
    assert paused.as_dict()["pause"] == {"reason": "repairs", "by": "Ann", "at": rfc3339(START_US)}

    assert tick_at(queue, 10) == Skipped("paused", unnoted_us=START_US)
    resumed = queue.broker.recurring.resume("nightly", by="Ann")

    assert resumed is not None
    assert resumed.pause is None
    assert tick(queue, 10) == TickRefused("repeated")
    assert queue.waiting() == []
    assert tick_at(queue, 20) == Submitted(START_US + 20_000_000, unnoted_us=START_US + 10_000_000)
    assert shown(queue).ticks == {"submitted": 1, "skipped_paused": 1, "skipped_waiting": 0, "missed": 0}


def test_what_no_cadence_has_cannot_be_paused(queue: ScriptedQueue) -> None:
    assert queue.broker.recurring.pause("weekly", by="Ann", reason="repairs") is None
    assert queue.broker.recurring.resume("weekly", by="Ann") is None


def test_a_tick_is_skipped_while_the_last_job_waits_if_it_says_so(queue: ScriptedQueue) -> None:
    tick_at(queue, 10, skip_if_waiting=True)
    assert tick_at(queue, 20, skip_if_waiting=True) == Skipped("waiting", unnoted_us=START_US + 10_000_000)
    assert isinstance(tick_at(queue, 30), Submitted)
    assert len(queue.waiting()) == 2


def test_a_retry_that_waits_for_its_time_waits_and_what_runs_or_has_ended_does_not(queue: ScriptedQueue) -> None:
    tick_at(queue, 10, skip_if_waiting=True)
    [token] = queue.claim()
    queue.settle(token, "retry", delay_us=60_000_000)
    assert isinstance(tick_at(queue, 20, skip_if_waiting=True), Skipped)

    queue.broker.cancel(token[0])
    assert isinstance(tick_at(queue, 30, skip_if_waiting=True), Submitted)
    queue.claim()
    assert isinstance(tick_at(queue, 40, skip_if_waiting=True), Submitted)


def test_when_the_clock_is_set_back_no_tick_submits_twice(queue: ScriptedQueue) -> None:
    tick_at(queue, 7200)
    repeated = [tick_at(queue, at_s) for at_s in (10, 20, 7190, 7200)]

    assert repeated == [TickRefused("repeated")] * 4
    assert isinstance(tick_at(queue, 7210), Submitted)


def test_when_it_is_set_back_by_more_than_three_hours_it_was_wrong_before(queue: ScriptedQueue) -> None:
    tick_at(queue, 400 * 86_400)
    assert tick_at(queue, 10) == Submitted(START_US + 400 * 86_400_000_000 + 1, unnoted_us=START_US + 10_000_000)
    assert tick(queue, 10) == TickRefused("repeated")


def test_one_that_is_left_out_is_gone_and_what_is_known_of_its_ticks_is_not(queue: ScriptedQueue) -> None:
    tick_at(queue, 10)
    queue.broker.recurring.pause("nightly", by="Ann", reason="repairs")
    assert queue.broker.recurring.put("default", []) == 1
    assert queue.broker.recurring.all() == []
    assert queue.broker.recurring.pause("nightly", by="Ann", reason="repairs") is None

    queue.clock.forward(s=30 * 86_400)
    queue.broker.recurring.put("default", [])
    put(queue)

    assert tick(queue, 10) == TickRefused("repeated")
    assert shown(queue).pause is not None


def test_after_a_month_it_is_forgotten(queue: ScriptedQueue) -> None:
    tick_at(queue, 10)
    queue.broker.recurring.count_missed("default", "nightly", 3)
    queue.broker.recurring.put("default", [])
    queue.clock.forward(s=32 * 86_400)
    queue.broker.recurring.put("default", [])

    assert queue.client.exists(keys.recurring("default"), keys.recurring_counters("default")) == 0


def test_the_last_job_is_shown_until_it_is_pruned(queue: ScriptedQueue) -> None:
    assert shown(queue).as_dict()["last_job"] is None
    tick_at(queue, 10)
    [id] = queue.waiting()
    at = rfc3339(START_US + 10_000_000)
    assert shown(queue).as_dict()["last_job"] == {"id": id, "status": "queued", "tick_at": at}
    assert shown(queue).as_dict()["last_tick_at"] == at

    queue.settle(queue.claim()[0])
    assert shown(queue).as_dict()["last_job"]["status"] == "processed"
    queue.scripts.prune(0, 0, 0, 0)
    assert shown(queue).as_dict()["last_job"] == {"id": id, "status": None, "tick_at": at}


def test_the_next_ticks_are_those_ahead_unless_nobody_decides_them(queue: ScriptedQueue) -> None:
    ticks_ms = tuple(START_MS + n * 10_000 for n in range(1, 21))
    put(queue, replace(NIGHTLY, next_ticks_ms=ticks_ms))
    assert shown(queue).next_ticks_ms == ticks_ms[:10]
    tick_at(queue, 10)
    assert shown(queue).next_ticks_ms == ticks_ms[1:11]

    queue.clock.forward(s=14)
    assert shown(queue).next_ticks_ms == ticks_ms[2:12]
    queue.clock.forward(s=2)
    assert shown(queue).next_ticks_ms == ()


def test_the_same_name_in_two_queues_is_two(queues: dict[str, ScriptedQueue]) -> None:
    for name in ("alpha", "beta"):
        put(queues[name], replace(NIGHTLY, queue=name))
    assert [job.definition.queue for job in queues["alpha"].broker.recurring.all()] == ["alpha", "beta"]
    assert isinstance(tick_at(queues["alpha"], 10), Submitted)
    assert isinstance(tick_at(queues["beta"], 10), Submitted)


def test_on_a_full_server_a_tick_is_refused_and_stays_due_and_a_pause_is_possible(
    queue: ScriptedQueue, redis_client: redis.Redis
) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueFullError):
            tick_at(queue, 10)
        put(queue, replace(NIGHTLY, payload={"n": 2}))
        queue.broker.recurring.pause("nightly", by="Ann", reason="full")
        queue.broker.recurring.resume("nightly", by="Ann")
    finally:
        redis_client.config_set("maxmemory", 0)
    assert isinstance(tick(queue, 10), Submitted)
