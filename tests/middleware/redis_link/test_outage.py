"""An outage is told once when it begins and once when it ends."""

from __future__ import annotations

import logging

import pytest

from middleware.errors import RedisAwayError
from middleware.redis_link.backoff import Backoff
from middleware.redis_link.outage import Outage

AWAY = RedisAwayError("Redis doesn't answer.")


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def fail(outage: Outage, backoff: Backoff, times: int) -> None:
    for _ in range(times):
        outage.failed(AWAY, backoff)
        backoff.next_s()


def test_however_many_threads_notice_it_is_told_once_and_so_is_the_end(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    for backoff in (Backoff(), Backoff(), Backoff()):
        fail(outage, backoff, 5)
    for _ in range(3):
        outage.succeeded()

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert caplog.messages[0] == "Redis is away; this process goes on when it is back. Redis doesn't answer."
    assert caplog.messages[1].startswith("Redis is back, after ")


def test_a_connection_that_was_cut_once_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    fail(outage, Backoff(), 1)
    outage.succeeded()

    assert not caplog.records


def test_the_next_outage_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    for _ in range(2):
        fail(outage, Backoff(), 2)
        outage.succeeded()

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2
