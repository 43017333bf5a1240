"""A Redis Cluster on loopback: shards, their replicas, failovers, and slots that are moved."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import redis

from local.embedded import LOOPBACK, SERVER_PORTS, EmbeddedServer, free_port
from middleware.processes.server_program import find_binary

from .service import chosen_server, wait_until

SLOTS = 16_384
NODE_TIMEOUT_MS = 2000
"""A server that doesn't answer for so long is down to the others. In production it is 15 s by default."""
BUS = 10_000
"""A node of a cluster also listens on the port that is so much higher."""


def port_of_node() -> int:
    """A free port whose bus port is free as well, and stays so: no outgoing connection takes one of these."""
    while True:
        port = free_port()
        with socket.socket() as probe, suppress(OSError):
            if port + BUS in SERVER_PORTS:
                probe.bind((LOOPBACK, port + BUS))
                return port


class Cluster:
    """``shards`` primaries, the first ``replicas`` of which have a replica each. A context."""

    def __init__(self, folder: Path, *, shards: int = 3, replicas: int = 0) -> None:
        self._folder = folder
        self._binary = chosen_server() or find_binary()
        self.primaries = [self._node(f"primary{n}") for n in range(shards)]
        self.replicas = [self._node(f"replica{n}") for n in range(replicas)]
        self._ends = ExitStack()

    @property
    def url(self) -> str:
        """That of one server; the others are learned from it."""
        return self.primaries[-1].url

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables by which LastIn knows it."""
        return {"REDIS_URL": self.url, "REDIS_CLUSTER": "1"}

    def holder_of(self, key: str) -> EmbeddedServer:
        """The server that holds this key's slot now."""
        with self._any() as client:
            slot = client.execute_command("CLUSTER KEYSLOT", key)
            for begin, end, primary, *_ in client.execute_command("CLUSTER SLOTS"):
                if begin <= slot <= end:
                    return next(server for server in self._all if server.port == primary[1])
        raise AssertionError(f"nobody holds {key}")

    def queues_on_all(self) -> list[str]:
        """A queue for each shard, by the names that they can have."""
        found: dict[int, str] = {}
        number = 0
        while len(found) < len(self.primaries):
            found.setdefault(self.holder_of(f"{{q{number}}}").port, f"q{number}")
            number += 1
        return sorted(found.values())

    def fail_over(self, patience_s: float = 60) -> EmbeddedServer:
        """Kill the first primary, and wait until its replica has taken its place: that one."""
        before, after = self.primaries[0], self.replicas[0]
        before.kill()

        def has_replaced() -> bool:
            with suppress(redis.RedisError), after.client() as client:
                return bool(client.info("replication")["role"] == "master" and self._state_of(after) == "ok")
            return False

        wait_until(has_replaced, "the replica to take over", patience_s)
        return after

    def move(self, key: str, to: EmbeddedServer) -> None:
        """Move the slot of this key, with all keys in it, to another primary."""
        source = self.holder_of(key)
        with source.client() as old, to.client() as new:
            slot = old.execute_command("CLUSTER KEYSLOT", key)
            old_id, new_id = (client.execute_command("CLUSTER MYID") for client in (old, new))
            new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", old_id)
            old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", new_id)
            while keys := old.execute_command("CLUSTER GETKEYSINSLOT", slot, 100):
                old.execute_command("MIGRATE", LOOPBACK, to.port, "", 0, 5000, "KEYS", *keys)
            for client in (new, old):
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", new_id)
        for server in self.primaries:
            if server not in (source, to):
                with server.client() as client:
                    client.execute_command("CLUSTER SETSLOT", slot, "NODE", new_id)

    def flush(self) -> None:
        """Empty all of it."""
        for server in self.primaries:
            with server.client() as client:
                client.flushall()

    def __enter__(self) -> Self:
        for server in self._all:
            server.start()
            self._ends.callback(self._end, server)
        share = -(-SLOTS // len(self.primaries))
        for number, server in enumerate(self.primaries):
            with server.client() as client:
                client.execute_command("CLUSTER ADDSLOTS", *range(number * share, min(SLOTS, (number + 1) * share)))
                for other in self._all:
                    client.execute_command("CLUSTER MEET", LOOPBACK, other.port)
        self._wait_until_up()
        for primary, replica in zip(self.primaries, self.replicas, strict=False):
            with primary.client() as one, replica.client() as other:
                other.execute_command("CLUSTER REPLICATE", one.execute_command("CLUSTER MYID"))
        for replica in self.replicas:
            with replica.client() as client:
                wait_until(lambda client=client: client.info("replication").get("master_link_status") == "up")
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    @property
    def _all(self) -> Sequence[EmbeddedServer]:
        return [*self.primaries, *self.replicas]

    def _node(self, name: str) -> EmbeddedServer:
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)]
        options += ["--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"]
        return EmbeddedServer(self._folder / name, binary=self._binary, port=port_of_node(), options=options)

    def _any(self) -> redis.Redis:
        return next(server for server in self._all if server.is_alive).client()

    def _wait_until_up(self) -> None:
        def knows_all(server: EmbeddedServer) -> bool:
            with server.client() as client:
                return len(client.execute_command("CLUSTER NODES")) >= len(self._all) and self._state_of(server) == "ok"

        for server in self._all:
            wait_until(lambda server=server: knows_all(server), "all nodes to know each other")

    @staticmethod
    def _state_of(server: EmbeddedServer) -> str:
        with server.client() as client:
            return str(client.execute_command("CLUSTER INFO")["cluster_state"])

    @staticmethod
    def _end(server: EmbeddedServer) -> None:
        server.kill()
        server.stop()
