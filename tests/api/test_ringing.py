"""A wake-up that a stopped worker took is rung again for what came over HTTP."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.ringing import Rings
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.errors import RedisAwayError
from middleware.queues.policy import Policy
from middleware.redis_link.link import Link

from ..service import RunningService, wait_until

STOPPED = 2
LONG_BEFORE_THE_MAINTENANCE_S = 3.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """The API alone: neither a scheduler nor a worker, yet."""
    with RunningService(tmp_path, processes=("web",), settings={"WORKER_METRICS_PORT": "0"}) as service:
        yield service


@pytest.fixture
def broker(service: RunningService) -> Iterator[LifoBroker]:
    """A program beside it."""
    broker = LifoBroker(url=service.server.url)
    broker.declare_queue("default")
    yield broker
    broker.close()


def listeners(broker: LifoBroker) -> int:
    """How many connections wait for a doorbell."""
    return int(re.findall(rb"blocked_clients:(\d+)", broker.redis.call("INFO", "clients"))[0])


def submit_into_an_open_gate(service: RunningService, broker: LifoBroker) -> Any:
    broker.windows.put_policy("default", Policy(mode="continuous"))
    return service.post("/v1/jobs", {"message": "a"}).json


def submit_and_open_a_window(service: RunningService, broker: LifoBroker) -> Any:
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    job = service.post("/v1/jobs", {"message": "a"}).json
    time.sleep(1.6)  # what was rung for the job is over
    assert service.post("/v1/windows", {"queue": "default"}).status == 201
    return job


@pytest.mark.parametrize("move", [submit_into_an_open_gate, submit_and_open_a_window])
def test_a_live_worker_claims_soon_although_stopped_ones_took_the_wake_ups(
    service: RunningService, broker: LifoBroker, move: Callable[[RunningService, LifoBroker], Any]
) -> None:
    stopped = [Link(service.server.url, timeout_s=60) for _ in range(STOPPED)]
    for number, link in enumerate(stopped, 1):  # they come first, take what rings, and do nothing
        link.send("BLPOP", keys.doorbell("default"), 60)
        wait_until(lambda n=number: listeners(broker) == n, "a stopped worker to listen")  # type: ignore[misc]
    service.start_process("worker")
    wait_until(lambda: listeners(broker) == STOPPED + 1, "a live worker to listen")

    job = move(service, broker)
    began = time.monotonic()
    service.wait_for_job(job["id"])

    assert time.monotonic() - began < LONG_BEFORE_THE_MAINTENANCE_S
    for link in stopped:
        link.close()


class Doorbell:
    """Notes who was rung for, and when; jobs wait as long as ``waits``."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.waits = True
        self.is_away = False

    def ring(self, queue: str) -> bool:
        self.rung.append(queue)
        if self.is_away:
            raise RedisAwayError("away")
        return self.waits


@pytest.fixture
def doorbell() -> Doorbell:
    return Doorbell()


@pytest.fixture
def rings(doorbell: Doorbell) -> Rings:
    return started(doorbell, every_s=0.02, for_s=2.0)


def started(doorbell: Doorbell, **times_s: float) -> Rings:
    rings = Rings(doorbell.ring, **times_s)
    rings.start()
    return rings


def test_it_rings_on_for_a_while_and_not_for_ever(rings: Rings, doorbell: Doorbell) -> None:
    rings.expect("default")

    wait_until(lambda: len(doorbell.rung) >= 3, "it to ring again")
    wait_until(lambda: not rings._rung, "it to end")
    rung = len(doorbell.rung)
    time.sleep(0.1)
    assert len(doorbell.rung) == rung


@pytest.mark.parametrize("is_away", [False, True])
def test_once_is_enough_where_nothing_waits_or_redis_is_away(rings: Rings, doorbell: Doorbell, is_away: bool) -> None:
    doorbell.waits, doorbell.is_away = False, is_away
    rings.expect("default")
    rings.expect("mails")

    wait_until(lambda: not rings._rung, "it to end")
    assert sorted(doorbell.rung) == ["default", "mails"]

    rings.expect("default")
    wait_until(lambda: len(doorbell.rung) == 3, "it to ring for what came later")


def test_while_more_comes_nothing_is_rung_again(doorbell: Doorbell) -> None:
    rings = started(doorbell, every_s=0.5, for_s=5.0)
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        rings.expect("default")
        time.sleep(0.001)

    assert len(doorbell.rung) < 3, "of four that there is time for, unless more comes"
