"""One queue's runner: faults by a fake, since no real server can be made to fail at a given call; the rest for real."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis

from middleware import keys
from middleware.broker import LifoBroker
from middleware.cadence.policies import Policy
from middleware.cadence.window_records import Window
from middleware.errors import QueueFullError, RedisAwayError
from middleware.scripts import Offer
from scheduler.blackout import parse_blackout
from scheduler.cadence import QueueCadence
from scheduler.clock import SystemClock
from scheduler.runner import QueueRunner, policy_of
from scheduler.ticks import Every
from scheduler.timetable import Timetable

from ..service import wait_until
from .times import OwnedClock, at

TICK_US = at("2025-06-01 12:00:00")
CADENCE = QueueCadence(
    queue="default", timetable=Timetable(Every(10_000_000)), batch=5, lasts_us=4_000_000, oldest_share_ppm=250_000
)
AWAY = RedisAwayError("Redis doesn't answer.")


class FaultyWindows:
    """Notes calls, and fails at those it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.faults: list[Exception] = []
        self.next_ticks_ms: list[int | None] = []

    def put_policy(self, queue: str, policy: Policy, *, next_tick_ms: int | None) -> bool:
        self._called("policy", queue, policy, next_tick_ms)
        return False

    def open(
        self,
        queue: str,
        *,
        opened_by: str,
        tick_ms: int,
        credits: int,
        lasts_us: int,
        next_tick_ms: int | None,
        missed_since: Callable[[int], int],
    ) -> Window:
        self._called("open", queue, opened_by, tick_ms, credits, lasts_us)
        self.next_ticks_ms.append(next_tick_ms)
        return opened_window(tick_ms)

    def opened(self) -> list[tuple[Any, ...]]:
        return [call[3:] for call in self.calls if call[0] == "open"]

    def _called(self, *call: Any) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.calls.append(call)


def opened_window(tick_ms: int) -> Window:
    fields: dict[str, Any] = dict.fromkeys(Window.__dataclass_fields__)
    return Window(**fields | {"id": "default.1", "queue": "default", "opened_at_us": tick_ms * 1000})


@pytest.fixture
def clock() -> OwnedClock:
    return OwnedClock(TICK_US)


@pytest.fixture
def windows() -> FaultyWindows:
    return FaultyWindows()


@pytest.fixture
def runner(windows: FaultyWindows, clock: OwnedClock) -> QueueRunner:
    return QueueRunner(CADENCE, windows, clock)  # type: ignore[arg-type]


def test_the_policy_is_in_force_before_the_first_window_opens(runner: QueueRunner, windows: FaultyWindows) -> None:
    runner.offer(TICK_US)
    runner.step()
    assert windows.calls == [
        ("policy", "default", policy_of(CADENCE), TICK_US // 1000 + 10_000),
        ("open", "default", "tick", TICK_US // 1000, 5, 4_000_000),
    ]


def test_a_window_that_opens_late_ends_when_it_would_have_ended(
    runner: QueueRunner, windows: FaultyWindows, clock: OwnedClock
) -> None:
    runner.offer(TICK_US)
    windows.faults = [AWAY, AWAY]
    for _ in range(3):
        runner.step()
        clock.advance(1)
    assert windows.opened() == [(TICK_US // 1000, 5, 2_000_000)]
    assert (runner.opened, runner.missed) == (1, 0)


def test_a_tick_is_given_up_when_its_window_would_be_over(
    runner: QueueRunner, windows: FaultyWindows, clock: OwnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    runner.offer(TICK_US)
    windows.faults = [AWAY]
    runner.step()
    clock.advance(4)
    runner.step()
    assert (windows.opened(), runner.missed) == ([], 1)
    assert "no window was opened for the tick of 2025-06-01T12:00:00.000000Z" in caplog.text

    clock.advance(6)
    runner.offer(TICK_US + 10_000_000)
    runner.step()
    assert (runner.opened, runner.missed) == (1, 1)
    assert "open again, after 1 missed ticks" in caplog.text


def test_with_missed_open_a_tick_is_tried_until_the_next_and_gets_its_full_length(
    runner: QueueRunner, windows: FaultyWindows, clock: OwnedClock
) -> None:
    runner.change(replace(CADENCE, missed="open"))
    runner.offer(TICK_US)
    windows.faults = [AWAY]
    runner.step()
    clock.advance(5)
    runner.step()
    assert windows.opened() == [(TICK_US // 1000, 5, 4_000_000)]


def test_a_newer_tick_takes_the_place_of_one_that_could_not_be_opened(
    runner: QueueRunner, windows: FaultyWindows, clock: OwnedClock
) -> None:
    windows.faults = [AWAY]
    runner.offer(TICK_US)
    runner.step()
    clock.advance(20)
    runner.offer(TICK_US + 10_000_000)
    runner.offer(TICK_US + 20_000_000)
    runner.step()
    assert [opened[0] for opened in windows.opened()] == [TICK_US // 1000 + 20_000]
    assert runner.missed == 2


def test_the_policy_is_written_again_once_redis_is_back(runner: QueueRunner, windows: FaultyWindows) -> None:
    runner.step()
    runner.step()
    assert [call[0] for call in windows.calls] == ["policy"]
    runner.offer(TICK_US)
    windows.faults = [AWAY]
    runner.step()
    runner.step()
    assert [call[0] for call in windows.calls] == ["policy", "policy", "open"]


def test_a_full_server_is_tried_again_like_one_that_is_away(runner: QueueRunner, windows: FaultyWindows) -> None:
    runner.offer(TICK_US)
    windows.faults = [QueueFullError("full")]
    runner.step()
    runner.step()
    assert runner.opened == 1


def test_an_outage_is_told_once(runner: QueueRunner, windows: FaultyWindows, caplog: pytest.LogCaptureFixture) -> None:
    windows.faults = [AWAY] * 5
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            runner.step()
    assert len(caplog.records) == 1


def test_the_start_tries_for_the_tick_before_only_if_its_window_is_not_over(
    runner: QueueRunner, windows: FaultyWindows, clock: OwnedClock
) -> None:
    clock.advance(5)
    runner.begin(TICK_US)
    runner.step()
    assert (windows.opened(), runner.missed) == ([], 0)

    clock.set(TICK_US + 10_500_000)
    runner.begin(TICK_US + 10_000_000)
    runner.step()
    assert windows.opened() == [(TICK_US // 1000 + 10_000, 5, 3_500_000)]


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, gated=True, middleware=[], patience_s=0)
    broker.declare_queue("default")
    yield broker
    broker.close()


def second_now() -> int:
    """A tick of now, by the clock that the server shares with this test."""
    return SystemClock().now_us() // 1_000_000 * 1_000_000


def lasting() -> QueueCadence:
    return replace(CADENCE, timetable=Timetable(Every(1_000_000)), lasts_us=60_000_000)


def test_a_policy_and_a_window_reach_redis(broker: LifoBroker) -> None:
    runner = QueueRunner(lasting(), broker.windows, SystemClock())
    tick_us = second_now()
    runner.offer(tick_us)
    runner.step()

    assert broker.windows.policy("default") == policy_of(lasting())
    [window] = broker.windows.history("default")
    assert (window.opened_by, window.tick_ms, window.credits) == ("tick", tick_us // 1000, 5)
    assert window.oldest_share_ppm == 250_000
    assert window.closes_at_us is not None
    assert abs(window.closes_at_us - (tick_us + 1_000_000)) < 50_000


def test_a_tick_that_another_scheduler_opened_is_not_opened_again(broker: LifoBroker) -> None:
    first, second = (QueueRunner(lasting(), broker.windows, SystemClock()) for _ in range(2))
    tick_us = second_now()
    for runner in (first, second):
        runner.offer(tick_us)
        runner.step()
    assert (first.opened, second.opened, second.opened_by_others, second.missed) == (1, 0, 1, 0)
    assert len(broker.windows.history("default")) == 1


def test_a_server_that_was_emptied_gets_the_policy_and_the_window_of_the_same_tick(
    broker: LifoBroker, redis_client: redis.Redis
) -> None:
    runner = QueueRunner(lasting(), broker.windows, SystemClock())
    runner.step()
    redis_client.flushall()
    runner.offer(second_now())
    runner.step()
    assert broker.windows.policy("default") == policy_of(lasting())
    runner.step()
    assert runner.opened == 1


def test_the_thread_keeps_the_policy_in_force_without_any_tick(
    broker: LifoBroker, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runner.KEEP_EVERY_S", 0.05)
    runner = QueueRunner(QueueCadence(queue="default", timetable=None), broker.windows, SystemClock())
    runner.start()
    wait_until(lambda: broker.windows.policy("default"), "the policy")
    redis_client.flushall()
    wait_until(lambda: broker.windows.policy("default"), "the policy after a flush")
    runner.change(QueueCadence(queue="default", timetable=None, order="fifo"))
    wait_until(lambda: broker.windows.policy("default") == Policy("continuous", "fifo", 0, 0, False), "the change")
    runner.stop()
    runner.join(2)


def test_windows_open_on_a_server_whose_memory_is_full_since_only_they_let_it_drain(
    broker: LifoBroker, redis_client: redis.Redis
) -> None:
    runner = QueueRunner(lasting(), broker.windows, SystemClock())
    before = redis_client.config_get("maxmemory")["maxmemory"]
    redis_client.config_set("maxmemory", 1)
    try:
        runner.offer(second_now())
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
    broker.scripts("default").accept([Offer("a", "task", b"message")])
    wait_until(lambda: broker.control.get("default").order_now == "lifo", "the switch")

    with caplog.at_level(logging.INFO):
        for _ in range(3):
            runner.step()
    assert [record.message.split(" since ")[0] for record in caplog.records if "order" in record.message] == [
        "Queue 'default': claims go in lifo order"
    ]


def missed(broker: LifoBroker) -> int:
    counters = broker._link().call("HGET", keys.counters("default"), "windows_missed")
    return int(counters or 0)


@pytest.fixture
def shared(broker: LifoBroker) -> OwnedClock:
    """A clock that the scripts go by too."""
    clock = OwnedClock(TICK_US + 1_000)
    broker._now = clock.now_us
    return clock


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
