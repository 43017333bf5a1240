"""The parts together, in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from middleware.broker import LifoBroker
from middleware.queues.policy import Policy
from middleware.queues.snapshot import read_snapshot
from scheduler.cadence import Cadence, QueueCadence
from scheduler.clock import RedisClock, SystemClock
from scheduler.service import Service
from scheduler.submitter import Submitter
from scheduler.ticks import Every
from scheduler.timetable import Timetable

from ..service import wait_until
from .times import OwnedClock, at

EVERY_100MS = Timetable(Every(100_000))


class WindowsThatHang:
    """Lets one queue's calls hang until the test ends them, and counts the other's windows."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.opened: list[str] = []

    def put_policy(self, queue: str, policy: Policy, *, next_tick_ms: int | None, **_: object) -> bool:
        if queue == "hanging":
            self.over.wait()
        return False

    def open(self, queue: str, *, tick_ms: int, **_: object) -> object:
        self.opened.append(queue)
        return type("Opened", (), {"id": queue, "opened_at_us": tick_ms * 1000})


@pytest.fixture
def windows() -> Iterator[WindowsThatHang]:
    windows = WindowsThatHang()
    yield windows
    windows.over.set()


def test_a_queue_whose_calls_hang_delays_no_other(windows: WindowsThatHang) -> None:
    queues = {name: QueueCadence(queue=name, timetable=EVERY_100MS) for name in ("hanging", "fast")}
    submitter = Submitter(LifoBroker(url="redis://127.0.0.1:1"), SystemClock())
    service = Service(Cadence(queues), windows, submitter, SystemClock())  # type: ignore[arg-type]
    service.start()
    wait_until(lambda: len(windows.opened) >= 5, "five windows of the other queue")
    service.stop()
    assert set(windows.opened) == {"fast"}


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, gated=True, middleware=[], patience_s=0)
    yield broker
    broker.close()


def test_windows_become_continuous_and_windows_again_by_a_reload(broker: LifoBroker) -> None:
    def cadence(timetable: Timetable | None) -> Cadence:
        return Cadence({"default": QueueCadence(queue="default", timetable=timetable)})

    def ticks() -> int:
        return int(broker.redis.new_link().call("HGET", "lastin:{default}:policy", "windows") or 0)

    service = Service(cadence(EVERY_100MS), broker.windows, Submitter(broker, SystemClock()), SystemClock())
    service.start()
    wait_until(lambda: ticks() >= 2, "two windows")
    service.put(cadence(None))
    wait_until(
        lambda: read_snapshot(broker.redis.queue("default")).policy == Policy("continuous", "lifo", 0, 0, False),
        "the policy",
    )
    opened = ticks()
    service.put(cadence(EVERY_100MS))
    wait_until(lambda: ticks() >= opened + 2, "two windows more")
    service.stop()


def test_the_clock_is_the_servers_however_wrong_this_machines_is(
    broker: LifoBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = OwnedClock(at("2001-01-01 00:00:00"))
    true_us = SystemClock().now_us()
    monkeypatch.setattr("scheduler.clock.time.time_ns", lambda: machine.now_us() * 1000)
    clock = RedisClock(broker.redis.new_link())
    assert abs(clock.now_us() - machine.now_us()) < 10_000_000

    clock.start()
    clock.stop()

    assert 0 <= clock.now_us() - true_us < 10_000_000
    assert "off the Redis server's" in caplog.text
