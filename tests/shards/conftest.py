"""A cluster of three shards for all tests of this folder, and one to break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.settings import Settings

from ..cluster import Cluster


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """It runs for all tests of this folder."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Three shards that are empty when the test begins."""
    shared_cluster.flush()
    return shared_cluster


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The same for one test, with a replica of the first shard."""
    with Cluster(tmp_path / "cluster", replicas=1) as running:
        yield running


@pytest.fixture
def broker(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[LifoBroker]:
    """A broker over the shards, which Dramatiq takes for the process's own."""
    broker = broker_of(cluster)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    yield broker
    broker.close()


def broker_of(cluster: Cluster) -> LifoBroker:
    """A broker over the shards, which bears some seconds without one of them."""
    settings = Settings.from_environ(cluster.settings)
    return LifoBroker(url=settings.redis_url, settings=settings, timeout_s=1, patience_s=20)
