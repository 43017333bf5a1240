"""Ticks by a clock that the test owns: reloads, jumps, a machine that slept."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from scheduler.clock import SystemClock, from_us
from scheduler.ticks import Every
from scheduler.timetable import Timetable
from scheduler.timing import TickScheduler

from ..service import wait_until
from .times import OwnedClock, at

START_US = at("2025-06-01 12:00:00.5")
EVERY_2S, EVERY_3S = Timetable(Every(2_000_000)), Timetable(Every(3_000_000))


class Ticking:
    """A tick scheduler whose clock stands until it's told to go, and what it fired."""

    def __init__(self) -> None:
        self.clock = OwnedClock(START_US)
        self.scheduler = TickScheduler(self.clock)
        self.fired: list[int] = []
        self.begun: list[int] = []
        self.scheduler.start()

    def plan(self, timetable: Timetable | None) -> None:
        self.scheduler.plan("default", timetable, self.fired.append, self.begun.append)

    def go_to(self, text: str) -> None:
        self.clock.set(at(f"2025-06-01 {text}"))
        self.scheduler._process_jobs()


@pytest.fixture
def ticking() -> Iterator[Ticking]:
    ticking = Ticking()
    yield ticking
    ticking.scheduler.shutdown()


def times(ticks: list[int]) -> list[str]:
    return [f"{from_us(tick_us):%H:%M:%S}" for tick_us in ticks]


def test_each_tick_is_fired_once_with_the_time_it_was_planned_for(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    for now in ("12:00:01.9", "12:00:02.004", "12:00:02.5", "12:00:03.9", "12:00:04", "12:00:06.1"):
        ticking.go_to(now)
    assert times(ticking.fired) == ["12:00:02", "12:00:04", "12:00:06"]


def test_a_queue_begins_with_the_tick_before(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    assert times(ticking.begun) == ["12:00:00"]
    assert ticking.fired == []


def test_of_the_ticks_that_a_machine_slept_through_the_last_is_fired(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02")
    with caplog.at_level(logging.WARNING):
        ticking.go_to("20:17:05.3")
    ticking.go_to("20:17:06")
    assert times(ticking.fired) == ["12:00:02", "20:17:04", "20:17:06"]
    assert "passed unseen" in caplog.text


def test_after_a_clock_was_set_back_ticks_come_by_the_new_time(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02")
    ticking.go_to("14:00:00.5")  # an hour and more ahead, until somebody notices
    with caplog.at_level(logging.WARNING):
        ticking.go_to("12:00:05.5")
    ticking.go_to("12:00:06")
    ticking.go_to("12:00:08")
    assert times(ticking.fired) == ["12:00:02", "14:00:00", "12:00:06", "12:00:08"]
    assert "set back to 2025-06-01T12:00:05.500000Z" in caplog.text


def test_ticks_that_the_clock_left_out_when_it_was_set_forward_were_not_there_to_be_seen(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02")
    ticking.go_to("12:00:03")
    ticking.clock.set_forward(3600)
    with caplog.at_level(logging.WARNING):
        ticking.go_to("13:00:03.2")
        ticking.go_to("13:00:04")
    assert times(ticking.fired)[-1] == "13:00:04"
    assert "passed unseen" not in caplog.text


def test_a_clock_that_is_corrected_by_a_little_repeats_no_tick(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02.001")
    ticking.go_to("12:00:01.6")
    ticking.go_to("12:00:02.001")
    ticking.go_to("12:00:04")
    assert times(ticking.fired) == ["12:00:02", "12:00:04"]


def test_a_reload_misses_no_tick_that_was_due_and_repeats_none(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02")
    ticking.clock.set(at("2025-06-01 12:00:06.001"))  # due by the old timetable and by the new one, not fired yet
    ticking.plan(EVERY_3S)
    assert times(ticking.fired) == ["12:00:02", "12:00:06"]
    ticking.go_to("12:00:08")
    ticking.go_to("12:00:09")
    assert times(ticking.fired) == ["12:00:02", "12:00:06", "12:00:09"]
    assert times(ticking.begun) == ["12:00:00"]


def test_a_reload_that_changes_no_timetable_leaves_the_ticks_alone(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:02")
    ticking.plan(Timetable(Every(2_000_000)))
    ticking.go_to("12:00:04")
    assert times(ticking.fired) == ["12:00:02", "12:00:04"]


def test_a_queue_that_becomes_continuous_has_no_ticks_until_it_has_windows_again(ticking: Ticking) -> None:
    ticking.plan(EVERY_2S)
    ticking.plan(None)
    ticking.go_to("12:00:05")
    assert ticking.fired == []
    ticking.plan(EVERY_2S)
    ticking.go_to("12:00:06")
    assert (times(ticking.begun), times(ticking.fired)) == (["12:00:00", "12:00:04"], ["12:00:06"])


def test_one_queue_does_not_disturb_another(ticking: Ticking) -> None:
    fired: list[int] = []
    ticking.plan(EVERY_2S)
    ticking.scheduler.plan("mails", EVERY_3S, fired.append, lambda tick_us: None)
    for second in range(1, 7):
        ticking.go_to(f"12:00:0{second}")
    assert (times(ticking.fired), times(fired)) == (["12:00:02", "12:00:04", "12:00:06"], ["12:00:03", "12:00:06"])


def test_what_goes_wrong_while_firing_is_logged_and_ends_nothing(
    ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(tick_us: int) -> None:
        raise OSError("broken")

    ticking.scheduler.plan("mails", EVERY_2S, fail, lambda tick_us: None)
    ticking.plan(EVERY_3S)
    ticking.go_to("12:00:02")
    ticking.go_to("12:00:03")
    assert "broken" in caplog.text
    assert times(ticking.fired) == ["12:00:03"]


def test_by_a_real_clock_no_tick_comes_early() -> None:
    clock, late_ms = SystemClock(), list[float]()
    scheduler = TickScheduler(clock)
    scheduler.start()
    scheduler.plan(
        "default",
        Timetable(Every(100_000)),
        lambda tick_us: late_ms.append((clock.now_us() - tick_us) / 1000),
        lambda tick_us: None,
    )
    wait_until(lambda: len(late_ms) >= 9, "nine ticks")
    scheduler.shutdown()
    assert all(late >= 0 for late in late_ms)
