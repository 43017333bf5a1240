"""Servers that aren't set up as ours should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from local.embedded import EmbeddedServer

from ..cluster import port_of_node
from ..service import wait_until

SERVER = os.environ.get("LASTIN_TEST_REDIS")


def server_in(folder: Path, *options: str, port: int | None = None, durability: str = "everysec") -> EmbeddedServer:
    """A server of the program that this test run tests with, not yet started."""
    binary = Path(SERVER) if SERVER else None
    return EmbeddedServer(folder, binary=binary, port=port, durability=durability, options=options)


def node_in(folder: Path, port: int | None = None) -> EmbeddedServer:
    """A node of a cluster that holds no slots yet, not yet started."""
    return server_in(folder, "--cluster-enabled", "yes", port=port or port_of_node())


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One of two nodes that hold half of the slots each."""
    folder = tmp_path_factory.mktemp("cluster")
    with node_in(folder / "one") as one, node_in(folder / "two") as two, one.client() as first, two.client() as second:
        first.execute_command("CLUSTER ADDSLOTS", *range(8192))
        second.execute_command("CLUSTER ADDSLOTS", *range(8192, 16_384))
        first.execute_command("CLUSTER MEET", "127.0.0.1", two.port)
        for client in (first, second):
            wait_until(partial(_is_up, client), "the cluster to be up")
        yield one


def _is_up(client: redis.Redis) -> bool:
    return client.execute_command("CLUSTER INFO")["cluster_state"] == "ok"
