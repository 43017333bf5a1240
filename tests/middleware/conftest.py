"""Queues on a clock of the test's own, and brokers for workers; both are audited when the test ends."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.processes import maintenance
from middleware.settings import Settings

from .scripted import Clock, ScriptedQueue
from .settlers import OneSettler
from .workers import Gate


@pytest.fixture
def queue(redis_url: str) -> Iterator[ScriptedQueue]:
    """A queue that is continuous until a policy says otherwise."""
    with_audit = ScriptedQueue(redis_url)
    yield with_audit
    with_audit.audit()
    with_audit.close()


@pytest.fixture
def gated_queue(redis_url: str) -> Iterator[ScriptedQueue]:
    """A queue that hands out nothing until there is a policy, as those of the service do."""
    with_audit = ScriptedQueue(redis_url, gated=True)
    yield with_audit
    with_audit.audit()
    with_audit.close()


@pytest.fixture
def queues(redis_url: str) -> Iterator[dict[str, ScriptedQueue]]:
    """Three queues on one clock."""
    clock = Clock()
    three = {name: ScriptedQueue(redis_url, name, clock=clock) for name in ("alpha", "beta", "gamma")}
    yield three
    for queue in three.values():
        queue.audit()
        queue.close()


@pytest.fixture
def settings() -> Settings:
    """The settings of ``broker``."""
    return Settings()


@pytest.fixture
def rare_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """See ``RARE_ROUNDS``."""
    monkeypatch.setattr(maintenance, "LONGEST_ROUND_S", 60.0)


@pytest.fixture
def broker(redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    """A broker on the real clock, which Dramatiq takes for the process's own."""
    broker = LifoBroker(url=redis_url, settings=settings)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    yield broker
    broker.close()
    for name in broker.queues:
        queue = ScriptedQueue(redis_url, name)
        queue.audit()
        queue.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Where tasks wait; open when the test ends, so that their threads can."""
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def one(queue: ScriptedQueue) -> Iterator[OneSettler]:
    """A settler of three threads."""
    one = OneSettler(queue)
    yield one
    one.settler.close()
