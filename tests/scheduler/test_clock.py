"""The Redis server's clock, as the scheduler follows it: set forward, set back, out of reach."""

from __future__ import annotations

import logging

import pytest

from middleware.errors import RedisAwayError
from scheduler.clock import RedisClock

from .times import at

START_US = at("2025-06-01 12:00:00")
HOUR_US = 3_600_000_000


class OwnedServer:
    """A link to a server whose clock the test sets. ``elapsed_us`` is what has really passed."""

    def __init__(self) -> None:
        self.elapsed_us = 0
        self.set_us = START_US
        self.is_away = False

    def call(self, command: str) -> tuple[bytes, bytes]:
        assert command == "TIME"
        if self.is_away:
            raise RedisAwayError("Redis doesn't answer.")
        seconds, microseconds = divmod(self.set_us + self.elapsed_us, 1_000_000)
        return b"%d" % seconds, b"%d" % microseconds


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> OwnedServer:
    server = OwnedServer()
    monkeypatch.setattr("scheduler.clock.elapsed_us", lambda: server.elapsed_us)
    return server


@pytest.fixture
def clock(server: OwnedServer) -> RedisClock:
    clock = RedisClock(server)  # type: ignore[arg-type]
    clock.ask()
    return clock


def test_it_goes_on_between_two_answers_and_while_there_is_none(server: OwnedServer, clock: RedisClock) -> None:
    server.is_away = True
    server.elapsed_us = HOUR_US
    clock.ask()

    assert clock.now_us() == START_US + HOUR_US
    assert clock.skipped() == ()


def test_what_the_server_left_out_when_it_was_set_forward_is_known(
    server: OwnedServer, clock: RedisClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.elapsed_us, server.set_us = 2_000_000, START_US + HOUR_US
    with caplog.at_level(logging.WARNING):
        clock.ask()
        clock.ask()

    assert clock.now_us() == START_US + HOUR_US + 2_000_000
    assert clock.skipped() == ((START_US + 2_000_000, START_US + HOUR_US + 2_000_000),)
    assert [record.message for record in caplog.records] == ["The Redis server's clock was set forward by 3600.0 s."]


def test_a_time_that_the_clock_comes_to_after_all_is_not_left_out(
    server: OwnedServer, clock: RedisClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.set_us = START_US + HOUR_US
    clock.ask()
    server.set_us = START_US + HOUR_US // 2
    with caplog.at_level(logging.WARNING):
        clock.ask()
    assert clock.skipped() == ((START_US, START_US + HOUR_US // 2),)
    assert caplog.records[-1].message == "The Redis server's clock was set back by 1800.0 s."

    server.set_us = START_US - HOUR_US
    clock.ask()
    assert clock.skipped() == ()


def test_a_clock_that_is_corrected_by_less_than_a_second_leaves_nothing_out(
    server: OwnedServer, clock: RedisClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.set_us += 900_000
    clock.ask()

    assert clock.now_us() == START_US + 900_000
    assert (clock.skipped(), caplog.records) == ((), [])


def test_only_so_many_gaps_are_remembered(server: OwnedServer, clock: RedisClock) -> None:
    for _ in range(30):
        server.set_us += HOUR_US
        clock.ask()

    assert len(clock.skipped()) == 10
    assert clock.skipped()[-1][1] == START_US + 30 * HOUR_US
