"""A server of the test run's own, and the real processes for tests that need them.

``LASTIN_TEST_REDIS=/path/to/redis-server`` runs the tests against another server program; with ``LASTIN_TEST_ACL=1``
the service connects as the user of ``deploy/redis/users.acl``.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from local import embedded
from local.embedded import EmbeddedServer, free_port

from . import least_rights
from .leaks import leaked_keys
from .service import RunningService, chosen_server

if os.environ.get("LASTIN_TEST_ACL"):
    least_rights.install()

# How fast input is made or tried tells of the machine, not of the code; and what is tried is the same in each run, but
# for those that look for more (LASTIN_FUZZ).
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=not os.environ.get("LASTIN_FUZZ"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")
# Test processes that run side by side choose ports apart from each other, so that one which is free stays so until its
# server has started.
embedded.SERVER_PORTS = embedded.SERVER_PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8 :: 8]

_data = tempfile.TemporaryDirectory(prefix="lastin-test-")
atexit.register(_data.cleanup)
_server = EmbeddedServer(
    Path(_data.name) / "redis",
    port=free_port(),
    binary=chosen_server(),
)
# Modules that read the settings when they are imported must never find the server of a person's own `make run`.
os.environ["REDIS_URL"] = _server.url


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """The server of this test run. Tests that stop or kill one start their own (see ``own_server``)."""
    with _server:
        yield _server


@pytest.fixture
def redis_url(embedded_server: EmbeddedServer) -> Iterator[str]:
    """The URL of this run's server, which holds nothing when the test begins, and no unknown keys when it ends."""
    with embedded_server.client() as client:
        client.flushall()
        yield embedded_server.url
        assert not leaked_keys(client)


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client of this run's server, empty when the test begins; answers are str."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server for one test, which may kill and restart it: so with DURABILITY=always, by which a kill loses nothing,
    however slow the disk of the tests is."""
    with EmbeddedServer(tmp_path / "redis", binary=_server.binary, durability="always") as server:
        yield server


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """The real processes (web, worker, scheduler) and a server of their own, up and answering."""
    with RunningService(tmp_path, binary=_server.binary) as running:
        yield running
