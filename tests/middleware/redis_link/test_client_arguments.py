"""Where Redis is, in the words of Dramatiq's RedisBroker: accepted, or refused with a way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import dramatiq
import pytest
import redis
from redis.sentinel import Sentinel

from local.embedded import EmbeddedServer
from middleware.broker import PATIENCE_S, LifoBroker
from middleware.redis_link.address import Address
from middleware.redis_link.route import pool


@pytest.fixture
def guarded(tmp_path: Any) -> Iterator[EmbeddedServer]:
    """A server with a password."""
    with EmbeddedServer(tmp_path / "redis", password="open sesame") as server:
        yield server


def sends(broker: LifoBroker) -> None:
    """A job goes there and comes back, by the broker and by its client."""
    broker.declare_queue("default")
    message = broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))
    assert broker.store.get(message.message_id) is not None
    assert broker.client.zcard("lastin:{default}:stack") == 1
    broker.close()
    broker.client.close()


def test_host_and_port_lead_to_the_server(redis_url: str) -> None:
    where = urlsplit(redis_url)

    sends(LifoBroker(host=where.hostname, port=where.port))


def test_a_database_of_its_own_keeps_two_programs_apart(redis_url: str) -> None:
    where = urlsplit(redis_url)
    brokers = [LifoBroker(host=where.hostname, port=where.port, db=number) for number in (0, 1)]
    try:
        for broker in brokers:
            sends(broker)
    finally:
        redis.Redis(host=where.hostname or "", port=where.port or 0, db=1).flushdb()


def test_a_client_with_a_password_is_enough(guarded: EmbeddedServer) -> None:
    client = redis.Redis(host="127.0.0.1", port=guarded.port, password="open sesame", decode_responses=True)
    broker = LifoBroker(client=client)

    assert broker.client is client
    sends(broker)


def test_a_pool_is_enough(guarded: EmbeddedServer) -> None:
    sends(LifoBroker(connection_pool=redis.ConnectionPool.from_url(guarded.url)))


def test_a_socket_of_the_file_system_is_an_address_too() -> None:
    made = pool(Address(pool=redis.Redis(unix_socket_path="/run/redis.sock", db=3).connection_pool), timeout_s=1)

    assert made.connection_class is redis.UnixDomainSocketConnection
    assert (made.connection_kwargs["path"], made.connection_kwargs["db"]) == ("/run/redis.sock", 3)


def test_certificates_are_taken_over() -> None:
    made = pool(Address(pool=redis.Redis(ssl=True, ssl_ca_certs="/etc/ca.pem").connection_pool), timeout_s=1)

    assert made.connection_class is redis.SSLConnection
    assert made.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"


def test_with_nothing_at_all_it_is_the_usual_address_and_nothing_is_connected() -> None:
    arguments = LifoBroker().client.connection_pool.connection_kwargs

    assert (arguments["host"], arguments["port"], arguments["db"]) == ("localhost", 6379, 0)


def test_connections_give_up_in_time_whatever_the_client_says(guarded: EmbeddedServer) -> None:
    client = redis.Redis(host="127.0.0.1", port=guarded.port, password="wrong", socket_timeout=500)
    broker = LifoBroker(client=client, timeout_s=1)
    broker.declare_queue("default")

    began = time.monotonic()
    with pytest.raises(Exception, match="refuses this program"):
        broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))
    assert time.monotonic() - began < PATIENCE_S - 1


@pytest.mark.parametrize(
    ("argument", "way"),
    [
        ({"namespace": "mine"}, "a database of its own"),
        ({"maintenance_chance": 1}, "leave it out"),
        ({"heartbeat_timeout": 60_000}, r"Settings\(lease_s=…\)"),
        ({"dead_message_ttl": 1}, r"Settings\(retention_s=…\)"),
        ({"connection_pool": Sentinel([("127.0.0.1", 1)]).master_for("main").connection_pool}, "give url="),
        ({"client": redis.asyncio.Redis()}, "give url="),
        ({"prot": 6379}, "unexpected keyword argument 'prot'"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_what_means_nothing_here_is_refused_with_a_way(argument: dict[str, Any], way: str) -> None:
    with pytest.raises(TypeError, match=way):
        LifoBroker(**argument)
