"""Sentinels and servers that speak TLS alone to each other and to us, from a server program that can."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import dramatiq
import pytest
import redis

from local.embedded import LOOPBACK, free_port
from middleware.broker import LifoBroker
from middleware.errors import RedisAwayError
from middleware.redis_link.link import Link
from middleware.redis_link.patience import persist
from middleware.settings import Settings

from ..certificates import CertificateFiles, self_signed
from ..middleware.workers import ended, working
from ..sentinel import BUSY_MS, SERVICE
from ..service import chosen_server, wait_until

pytestmark = pytest.mark.servers


class TlsServers:
    """A primary, a replica and a Sentinel, none of which listens to anything but TLS."""

    def __init__(self, folder: Path, program: str) -> None:
        self.files = self_signed(folder)
        self._folder = folder
        self._program = program
        self._ends = ExitStack()
        self.sentinel_port = 0

    def start(self) -> None:
        """Start them, and wait until a failover would find what it needs."""
        primary = self._start("primary", "save ''")
        self._start("replica", "save ''", f"replicaof {LOOPBACK} {primary}")
        self.sentinel_port = self._start(
            "sentinel",
            f"sentinel monitor {SERVICE} {LOOPBACK} {primary} 1",
            f"sentinel down-after-milliseconds {SERVICE} {BUSY_MS}",
            f"sentinel failover-timeout {SERVICE} 3000",
        )
        wait_until(self._knows_replica, "the Sentinel to know the replica")

    def stop(self) -> None:
        """End them."""
        self._ends.close()

    def settings(self, **of_url: str) -> Settings:
        """By which LastIn finds the primary."""
        query = "&".join(f"{name}={value}" for name, value in of_url.items())
        return Settings.from_environ(
            {
                "REDIS_URL": f"rediss://nowhere/0?{query}",
                "REDIS_SENTINELS": f"{LOOPBACK}:{self.sentinel_port}",
                "REDIS_SENTINEL_SERVICE": SERVICE,
            }
        )

    def primary_port(self) -> int:
        """As the Sentinel has it."""
        with self.client(self.sentinel_port) as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name(SERVICE)[1])

    def client(self, port: int) -> redis.Redis:
        """A plain client of one of them."""
        return redis.Redis(
            LOOPBACK, port, ssl=True, ssl_ca_certs=str(self.files.chain), decode_responses=True, socket_timeout=5
        )

    def _start(self, name: str, *lines: str) -> int:
        port = free_port()
        config = self._folder / f"{name}.conf"
        tls = [
            *("port 0", f"tls-port {port}", f"bind {LOOPBACK}", f"dir {self._folder}", f"dbfilename {name}.rdb"),
            *(f"tls-cert-file {self.files.chain}", f"tls-key-file {self.files.key}", "tls-auth-clients no"),
            *(f"tls-ca-cert-file {self.files.chain}", "tls-replication yes"),
        ]
        config.write_text("\n".join([*tls, *lines]) + "\n", encoding="ascii")
        words = [self._program, str(config), *(["--sentinel"] if name == "sentinel" else [])]
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._ends.callback(process.wait)
        self._ends.callback(process.kill)

        def answers() -> bool:
            if process.poll() is not None:
                pytest.skip(f"{self._program} can't speak TLS: {(self._folder / f'{name}.log').read_text()[-300:]}")
            with suppress(redis.RedisError), self.client(port) as client:
                return bool(client.ping())
            return False

        wait_until(answers, f"the {name} to answer")
        return port

    def _knows_replica(self) -> bool:
        with self.client(self.sentinel_port) as sentinel:
            with suppress(redis.ResponseError):
                sentinel.execute_command("SENTINEL", "DEBUG", "info-period", "300")
            replicas = sentinel.sentinel_slaves(SERVICE)
        return any(one["master-link-status"] == "ok" for one in replicas)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServers]:
    program = os.fspath(chosen_server() or "") or shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server or valkey-server with TLS on PATH (the embedded one has none)")
    servers = TlsServers(tmp_path_factory.mktemp("tls"), program)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


def test_jobs_follow_the_primary_through_a_failover_over_tls(servers: TlsServers) -> None:
    settings = servers.settings(ssl_ca_certs=str(servers.files.chain))
    broker = LifoBroker(url=settings.redis_url, settings=settings)

    @dramatiq.actor(broker=broker, store_results=True)
    def work(number: int) -> int:
        return number

    with working(broker):
        assert ended(broker, work.send(1)).result == 1
        before = servers.primary_port()
        with servers.client(servers.sentinel_port) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)
        wait_until(lambda: servers.primary_port() != before, "a failover")
        wait_until(lambda: _is_over(broker, servers.primary_port()), "the connection to lead to the new primary")

        assert ended(broker, work.send(2)).result == 2
    broker.close()


def _is_over(broker: LifoBroker, port: int) -> bool:
    """Whether what is said goes to the server on this port."""
    return f"laddr={LOOPBACK}:{port} " in broker.redis.call("CLIENT", "INFO").decode()


@pytest.mark.parametrize("is_given", [False, True])
def test_sentinels_whose_certificate_nobody_vouches_for_are_not_asked(
    servers: TlsServers, tmp_path: Path, is_given: bool
) -> None:
    other: CertificateFiles = self_signed(tmp_path, "other")
    settings = servers.settings(**({"ssl_ca_certs": str(other.chain)} if is_given else {}))
    link = Link(settings.redis_address, timeout_s=2)

    with pytest.raises(RedisAwayError, match=r"No Sentinel .* names a primary"):
        link.call("PING")


def test_with_redis_tls_verify_off_any_certificate_is_taken_of_sentinels_too(servers: TlsServers) -> None:
    settings = servers.settings(ssl_cert_reqs="none")
    link = Link(settings.redis_address, timeout_s=2)

    assert persist(lambda: link.call("PING"), patience_s=60) == b"PONG"  # the failover may not be over yet
    link.close()
