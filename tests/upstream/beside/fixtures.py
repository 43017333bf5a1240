"""The fixtures of Dramatiq's tests, which aren't in its sdist: with ``LifoBroker`` in the place of its brokers, and a
Redis of this run's own. ``run.py`` puts this file beside the tests as their ``conftest.py``."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import dramatiq
import pytest
import redis
from dramatiq.rate_limits import backends as rate_limits
from dramatiq.results import backends as results

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker

from .common import worker
from .left_out import LEFT_OUT, NOT_RUN

if find_spec("pika") is None:  # a file of tests of brokers in general imports RabbitMQ's client
    sys.modules["pika"] = sys.modules["pika.exceptions"] = MagicMock()

_data = tempfile.TemporaryDirectory(prefix="lastin-upstream-")
_server = EmbeddedServer(Path(_data.name) / "redis").start()
os.environ["LASTIN_UPSTREAM_REDIS"] = _server.url  # for programs that the tests start, too
importlib.import_module("sitecustomize")
importlib.reload(sys.modules["sitecustomize"])


def pytest_sessionfinish() -> None:
    _server.stop()
    _data.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is left out must fail, so that the list stays true; what would wait for ever isn't run."""
    known: set[str] = set()
    for item in items:
        name = f"{item.path.name}::{getattr(item, 'originalname', item.name)}"
        known.add(name)
        if item.path.name == "test_watch.py" and find_spec("watchdog") is None:
            item.add_marker(pytest.mark.skip(reason="needs watchdog, which isn't installed"))
        elif name in NOT_RUN:
            item.add_marker(pytest.mark.skip(reason=NOT_RUN[name]))
        elif name in LEFT_OUT:
            item.add_marker(pytest.mark.xfail(reason=LEFT_OUT[name], strict=True))
    files = {item.path.name for item in items}
    unknown = [name for name in {**LEFT_OUT, **NOT_RUN} if name.partition("::")[0] in files and name not in known]
    if unknown and os.environ.get("LASTIN_UPSTREAM_ALL"):
        raise pytest.UsageError(f"No such tests: {', '.join(unknown)}. Take them off the list of what is left out.")


@pytest.fixture(autouse=True)
def empty() -> None:
    """Each test begins with nothing in Redis."""
    with _server.client() as client:
        client.flushall()


@pytest.fixture
def stub_broker() -> Iterator[LifoBroker]:
    """In the place of Dramatiq's StubBroker: a broker on an empty server, which is the process's own."""
    broker = LifoBroker(url=_server.url)
    broker.emit_after("process_boot")
    before = dramatiq.broker.global_broker
    dramatiq.set_broker(broker)
    yield broker
    broker.flush_all()
    broker.emit_before("process_stop")
    broker.close()
    dramatiq.broker.global_broker = before


@pytest.fixture
def redis_broker(stub_broker: LifoBroker) -> LifoBroker:
    """In the place of Dramatiq's RedisBroker."""
    return stub_broker


@pytest.fixture
def stub_worker(stub_broker: LifoBroker) -> Iterator[dramatiq.Worker]:
    """A worker of many threads."""
    with worker(stub_broker, worker_timeout=100, worker_threads=32) as running:
        yield running


@pytest.fixture
def redis_worker(stub_worker: dramatiq.Worker) -> dramatiq.Worker:
    """The same."""
    return stub_worker


@pytest.fixture
def redis_result_backend() -> results.RedisBackend:
    """Dramatiq's own, over Redis."""
    return results.RedisBackend(client=redis.Redis.from_url(_server.url))


@pytest.fixture(params=["redis", "stub"])
def result_backend(request: pytest.FixtureRequest, redis_result_backend: results.RedisBackend) -> Any:
    """Dramatiq's own backends for results."""
    return redis_result_backend if request.param == "redis" else results.StubBackend()


@pytest.fixture(params=["redis", "stub"])
def rate_limiter_backend(request: pytest.FixtureRequest) -> Any:
    """Dramatiq's own backends for rate limits."""
    if request.param == "redis":
        return rate_limits.RedisBackend(client=redis.Redis.from_url(_server.url))
    return rate_limits.StubBackend()


@pytest.fixture
def pickle_encoder() -> Iterator[dramatiq.PickleEncoder]:
    """The process's encoder, while the test runs."""
    before = dramatiq.get_encoder()
    dramatiq.set_encoder(encoder := dramatiq.PickleEncoder())
    yield encoder
    dramatiq.set_encoder(before)


@pytest.fixture
def start_cli() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts Dramatiq's command line, and ends it with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(broker: str, *, extra_args: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dramatiq", "--processes", "1", "--threads", "1", broker, *extra_args]
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)
