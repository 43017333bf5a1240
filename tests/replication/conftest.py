"""A primary, a replica and their Sentinels: one setup for all tests that can be repaired after them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..middleware.conftest import gate
from ..sentinel import BUSY_MS, WatchedServers

__all__ = ("gate",)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedServers]:
    """They run for all tests of this folder."""
    with WatchedServers(tmp_path_factory.mktemp("watched"), down_after_ms=BUSY_MS) as running:
        yield running


@pytest.fixture
def watched(servers: WatchedServers) -> Iterator[WatchedServers]:
    """Empty when the test begins, and repaired when it ends."""
    with servers.primary.client() as client:
        client.flushall()
    yield servers
    servers.repair()
