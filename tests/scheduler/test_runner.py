"""One queue's runner, with faults by a fake: no real server can be made to fail at a given call."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from middleware.errors import QueueFullError, RedisAwayError
from middleware.queues.policy import Policy
from middleware.queues.window import Window
from scheduler.runner import QueueRunner, policy_of

from .cadences import CADENCE, TICK_US
from .times import OwnedClock

AWAY = RedisAwayError("Redis doesn't answer.")


class FaultyWindows:
    """Notes calls, and fails at those it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.faults: list[Exception] = []
        self.next_ticks_ms: list[int | None] = []
        self.jobs_wait = True

    def put_policy(self, queue: str, policy: Policy, *, next_tick_ms: int | None, **_: object) -> bool:
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

    def ring_again(self, queue: str) -> bool:
        self._called("ring_again", queue)
        return self.jobs_wait

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
    assert "windows open again; nobody opened one for 1 tick" in caplog.text


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


def test_an_outage_is_shown_once(runner: QueueRunner, windows: FaultyWindows, caplog: pytest.LogCaptureFixture) -> None:
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


@pytest.mark.parametrize(("jobs_wait", "rings"), [(True, 3), (False, 1)])
def test_the_doorbell_is_rung_again_while_jobs_wait_in_an_open_window(
    runner: QueueRunner, windows: FaultyWindows, monkeypatch: pytest.MonkeyPatch, jobs_wait: bool, rings: int
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    windows.jobs_wait = jobs_wait
    runner.offer(TICK_US)
    runner.step()

    for _ in range(20):
        now[0] += 0.1
        runner.step()

    assert [call[0] for call in windows.calls].count("ring_again") == rings
