"""Credits are never overrun: workers of 2 × 8 threads, producers at work, workers killed in the middle of a window.

``LASTIN_CREDITS=1,100,10000`` tries windows of these sizes instead of a few small ones.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dramatiq
import pytest
import redis

from middleware.broker import LifoBroker
from middleware.jobs import JobStatus
from middleware.queues.policy import Policy
from middleware.queues.window import Window
from middleware.settings import Settings

from ..service import wait_until
from .event_log import EventLog
from .soak_workers import Fleet

QUEUE = "default"
CREDITS = [int(word) for word in os.environ.get("LASTIN_CREDITS", "1,2,30,1000").split(",")]
BATCH = 100
WORTH_A_KILL = 30
PATIENCE_S = 60


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, settings=Settings(lease_s=1.0), middleware=[])
    broker.declare_queue(QUEUE)
    broker.windows.put_policy(QUEUE, Policy(close_when_empty=False, oldest_share_ppm=100_000))
    maintenance = broker.new_maintenance()
    maintenance.start()
    yield broker
    maintenance.stop()
    broker.close()


@contextmanager
def producing(broker: LifoBroker) -> Iterator[None]:
    """Jobs come all the time, so that no window ever lacks them."""
    enough = threading.Event()

    def produce() -> None:
        while not enough.wait(0.01):
            if waiting(broker) < 2 * max(CREDITS):
                broker.accept([dramatiq.Message(QUEUE, "nothing", (), {}, {}) for _ in range(BATCH)])

    threads = [threading.Thread(target=produce) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    enough.set()
    for thread in threads:
        thread.join()


def waiting(broker: LifoBroker) -> int:
    return broker.control.snapshots()[0].counts[JobStatus.QUEUED]


def used_up(broker: LifoBroker, fleet: Fleet, credits: int) -> Window:
    """A window of so many credits, once they are used up; a worker is killed half way."""
    window = broker.windows.open(QUEUE, opened_by="operator", credits=credits, lasts_us=0)
    killed = credits < WORTH_A_KILL

    def closed() -> Window | None:
        nonlocal killed
        fleet.keep()
        now = broker.windows.get(window.id)
        assert now is not None
        if not killed and now.claimed >= credits // 2:
            fleet.kill(0)
            killed = True
        return None if now.is_open else now

    return wait_until(closed, f"{credits} claims", PATIENCE_S + credits / 100)


@pytest.mark.timeout(PATIENCE_S * len(CREDITS) + sum(CREDITS) / 50)
def test_every_window_lets_through_its_credits_and_not_one_more(
    broker: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, redis_url, processes=2, threads=8, settings={"LEASE_S": 1})
    with redis.Redis.from_url(redis_url) as client, producing(broker):
        log = EventLog(client, QUEUE)
        log.switch_on()
        windows = [used_up(broker, fleet, credits) for credits in CREDITS]
        fleet.close()
        claims: Counter[int] = Counter()
        while events := log.read():
            claims.update(window for kind, _, _, _, _, _, window, *_ in (e for e in events if e[0] == "claim"))

    assert [(window.claimed, window.close_reason) for window in windows] == [(c, "credits") for c in CREDITS]
    assert claims == {window.number: credits for window, credits in zip(windows, CREDITS, strict=True)}
    assert fleet.happened["workers killed"] == sum(credits >= WORTH_A_KILL for credits in CREDITS)
