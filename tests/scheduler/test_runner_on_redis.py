"""One queue's runner on a real server: what comes into force there, and which ticks were missed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import redis

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.commands.types import Offer
from middleware.queues.policy import Policy
from middleware.queues.snapshot import read_snapshot
from scheduler.blackout import parse_blackout
from scheduler.cadence import QueueCadence
from scheduler.clock import SystemClock
from scheduler.runner import QueueRunner, policy_of
from scheduler.ticks import Cron, Every
from scheduler.timetable import Timetable

from ..service import wait_until
from .cadences import CADENCE, TICK_US
from .times import OwnedClock


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, gated=True, middleware=[], patience_s=0)
    broker.declare_queue("default")
    yield broker
    broker.close()


@pytest.fixture
def shared(broker: LifoBroker) -> OwnedClock:
    """A clock that the scripts go by too."""
    clock = OwnedClock(TICK_US + 1_000)
    broker.redis._now = clock.now_us
    return clock


def lasting() -> QueueCadence:
    return replace(CADENCE, timetable=Timetable(Every(1_000_000)), lasts_us=60_000_000)


def test_a_policy_and_a_window_reach_redis(broker: LifoBroker, shared: OwnedClock) -> None:
    runner = QueueRunner(lasting(), broker.windows, shared)
    runner.offer(TICK_US)
    runner.step()

    assert read_snapshot(broker.redis.queue("default")).policy == policy_of(lasting())
    [window] = broker.windows.page(queue="default").windows
    assert (window.opened_by, window.tick_ms, window.credits) == ("tick", TICK_US // 1000, 5)
    assert window.oldest_share_ppm == 250_000
    assert window.closes_at_us == TICK_US + 1_000_000


def test_a_tick_that_another_scheduler_opened_is_not_opened_again(broker: LifoBroker, shared: OwnedClock) -> None:
    first, second = (QueueRunner(lasting(), broker.windows, shared) for _ in range(2))
    for runner in (first, second):
        runner.offer(TICK_US)
        runner.step()
    assert (first.opened, second.opened, second.opened_by_others, second.missed) == (1, 0, 1, 0)
    assert len(broker.windows.page(queue="default").windows) == 1


def test_a_server_that_was_emptied_gets_the_policy_and_the_window_of_the_same_tick(
    broker: LifoBroker, shared: OwnedClock, redis_client: redis.Redis
) -> None:
    runner = QueueRunner(lasting(), broker.windows, shared)
    runner.step()
    redis_client.flushall()
    runner.offer(TICK_US)
    runner.step()
    assert read_snapshot(broker.redis.queue("default")).policy == policy_of(lasting())
    runner.step()
    assert runner.opened == 1


def test_the_thread_keeps_the_policy_in_force_without_any_tick(
    broker: LifoBroker, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runner.KEEP_EVERY_S", 0.05)
    runner = QueueRunner(QueueCadence(queue="default", timetable=None), broker.windows, SystemClock())
    runner.start()
    wait_until(lambda: read_snapshot(broker.redis.queue("default")).policy, "the policy")
    redis_client.flushall()
    wait_until(lambda: read_snapshot(broker.redis.queue("default")).policy, "the policy after a flush")
    runner.change(QueueCadence(queue="default", timetable=None, order="fifo"))
    wait_until(
        lambda: read_snapshot(broker.redis.queue("default")).policy == Policy("continuous", "fifo", 0, 0, False),
        "the change",
    )
    runner.stop()
    runner.join(30)


def test_windows_open_on_a_server_whose_memory_is_full_since_only_they_let_it_drain(
    broker: LifoBroker, shared: OwnedClock, redis_client: redis.Redis
) -> None:
    runner = QueueRunner(lasting(), broker.windows, shared)
    before = redis_client.config_get("maxmemory")["maxmemory"]
    redis_client.config_set("maxmemory", 1)
    try:
        runner.offer(TICK_US)
        runner.step()
    finally:
        redis_client.config_set("maxmemory", before)
    assert runner.opened == 1


def test_a_switch_of_the_adaptive_order_is_logged_once(
    broker: LifoBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runner.KEEP_EVERY_S", 0)
    cadence = QueueCadence(queue="default", timetable=None, order="adaptive", lifo_above_us=10_000, lifo_below_us=5_000)
    runner = QueueRunner(cadence, broker.windows, SystemClock())
    runner.step()
    commands = broker.redis.queue("default")
    commands.accept([Offer("a", "task", b"message")])
    wait_until(lambda: read_snapshot(commands).order_now == "lifo", "the job to have waited")
    commands.claim("worker", 1_000_000, 1)

    with caplog.at_level(logging.INFO):
        for _ in range(3):
            runner.step()
    assert [record.message.split(" since ")[0] for record in caplog.records if "order" in record.message] == [
        "Queue default: claims go in lifo order"
    ]


def missed(broker: LifoBroker) -> int:
    counters = broker.redis.link.call("HGET", keys.counters("default"), "windows_missed")
    return int(counters or 0)


def tick(runner: QueueRunner, clock: OwnedClock, time_us: int) -> None:
    clock.set(time_us + 1_000)
    runner.offer(time_us)
    runner.step()


def test_ticks_that_nobody_opened_are_counted_once_by_whoever_opens_the_next(
    broker: LifoBroker, shared: OwnedClock
) -> None:
    runners = [QueueRunner(CADENCE, broker.windows, shared) for _ in range(3)]
    for runner in runners:
        tick(runner, shared, TICK_US)
    for runner in runners[1:]:
        tick(runner, shared, TICK_US + 40_000_000)
    assert (missed(broker), runners[1].opened, runners[2].opened_by_others) == (3, 1, 2)

    for runner in runners:
        tick(runner, shared, TICK_US + 50_000_000)
    assert missed(broker) == 3


def test_ticks_before_a_cadence_came_into_force_are_not_missed(broker: LifoBroker, shared: OwnedClock) -> None:
    runner = QueueRunner(CADENCE, broker.windows, shared)
    tick(runner, shared, TICK_US)
    shared.advance(3600)
    runner.change(replace(CADENCE, timetable=Timetable(Every(1_000_000))))
    runner.step()
    tick(runner, shared, TICK_US + 3_605_000_000)

    assert missed(broker) == 4


def test_ticks_in_a_blackout_are_not_missed(broker: LifoBroker, shared: OwnedClock) -> None:
    blackout = parse_blackout(["12:01-12:03"], ZoneInfo("UTC"))
    runner = QueueRunner(replace(CADENCE, timetable=Timetable(Every(10_000_000), blackout)), broker.windows, shared)
    tick(runner, shared, TICK_US)
    tick(runner, shared, TICK_US + 200_000_000)

    assert missed(broker) == 5 + 2


def test_when_the_clock_is_set_back_the_next_window_is_shown_by_the_new_time(
    broker: LifoBroker, shared: OwnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runner.KEEP_EVERY_S", 0)
    runner = QueueRunner(CADENCE, broker.windows, shared)
    tick(runner, shared, TICK_US)
    shared.advance(-3600)
    runner.step()

    assert broker.windows.next("default").opens_at_us == TICK_US - 3_590_000_000


def test_ticks_that_the_clock_left_out_when_it_was_set_forward_are_not_missed(
    broker: LifoBroker, shared: OwnedClock
) -> None:
    runner = QueueRunner(CADENCE, broker.windows, shared)
    tick(runner, shared, TICK_US)
    shared.advance(24)
    shared.set_forward(3600)
    tick(runner, shared, TICK_US + 3_650_000_000)

    # Those of second 10 and 20 were there and missed; so were those of 3,630 and 3,640.
    assert missed(broker) == 4


def test_ticks_in_uneven_steps_are_written_ahead_and_even_ones_are_not(
    broker: LifoBroker, shared: OwnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runner.KEEP_EVERY_S", 0)

    def later_us(timetable: Timetable) -> tuple[int, ...]:
        runner = QueueRunner(replace(CADENCE, timetable=timetable), broker.windows, shared)
        runner.step()
        runner.step()
        return read_snapshot(broker.redis.queue("default")).later_ticks_us

    hourly = later_us(Timetable(Cron("5 * * * *", ZoneInfo("UTC"))))
    assert hourly[:2] == (TICK_US + 65 * 60_000_000, TICK_US + 125 * 60_000_000)
    assert len(hourly) == 19
    assert later_us(Timetable(Every(10_000_000))) == ()
