"""Whether the cadence in force is the file's, as the registry shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from middleware.processes.cadence_status import CadenceStatus, cadence_faults
from middleware.processes.registry import Registration
from middleware.redis_link.link import Link

from ..scripted import START_US, ScriptedQueue

GOOD = CadenceStatus("digest-1", START_US)
BAD = CadenceStatus("digest-1", START_US, "cadence.toml: queues.default.every must be …", START_US + 1_000_000)


@pytest.fixture
def link(redis_url: str) -> Iterator[Link]:
    link = Link(redis_url, timeout_s=5)
    yield link
    link.close()


def test_all_is_well_while_all_have_read_the_same() -> None:
    assert cadence_faults({}) == []
    assert cadence_faults({"a": GOOD, "b": CadenceStatus("digest-1", START_US + 5)}) == []


def test_a_file_that_cannot_be_read_is_shown_with_the_reason() -> None:
    [fault] = cadence_faults({"a": GOOD, "b": BAD})
    assert fault.startswith("Scheduler b goes on by the cadence of 2023-11-14T22:13:20.000000Z")
    assert fault.endswith("2023-11-14T22:13:21.000000Z: cadence.toml: queues.default.every must be …")


def test_schedulers_that_have_read_different_files_are_shown() -> None:
    assert cadence_faults({"b": CadenceStatus("digest-2", START_US), "a": GOOD}) == [
        "The schedulers a, b have read different cadences."
    ]


def test_the_roster_keeps_what_each_scheduler_has_read_while_it_lives(queue: ScriptedQueue, link: Link) -> None:
    scheduler = Registration("s", "scheduler", lease_us=60_000_000, queues=lambda: ["default"])
    worker = Registration("w", "worker", lease_us=60_000_000, queues=lambda: ["default"], threads=1)
    scheduler.cadence_status = GOOD
    for registration in (scheduler, worker):
        registration.renew(link)
    assert queue.broker.registry.cadence_faults() == []

    scheduler.cadence_status = BAD
    scheduler.renew(link)
    assert len(queue.broker.registry.cadence_faults()) == 1
    scheduler.leave(link)
    assert queue.broker.registry.cadence_faults() == []
    worker.leave(link)
