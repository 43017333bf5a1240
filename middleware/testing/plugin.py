"""Fixtures for pytest: ``pytest_plugins = ["lastin.testing.plugin"]`` in a ``conftest.py``."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest

from .stub_broker import StubBroker
from .taking_over import taking_over


@pytest.fixture
def stub_broker() -> Iterator[StubBroker]:
    """A broker in memory, in the place of the process's own: its actors send there while the test runs."""
    with taking_over() as broker:
        yield broker


@pytest.fixture
def stub_worker(stub_broker: StubBroker) -> Iterator[dramatiq.Worker]:
    """A worker of four threads that runs what ``stub_broker`` has."""
    worker = dramatiq.Worker(stub_broker, worker_timeout=50, worker_threads=4)
    worker.start()
    yield worker
    worker.stop(timeout=5_000)
