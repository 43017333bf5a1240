"""The bad network is as bad as it is told to be, and good again after that."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.embedded import EmbeddedServer

from ..service import wait_until
from .toxic_proxy import ToxicProxy


@pytest.fixture
def proxy(embedded_server: EmbeddedServer) -> Iterator[ToxicProxy]:
    """A way to this run's server."""
    with ToxicProxy(embedded_server.port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: ToxicProxy) -> Iterator[redis.Redis]:
    """Who goes this way, and waits for two seconds."""
    with redis.Redis.from_url(proxy.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
        yield client


def _took_s(client: redis.Redis, text: str = "x") -> float:
    began = time.monotonic()
    assert client.echo(text) == text.encode()
    return time.monotonic() - began


def test_what_passes_comes_late(proxy: ToxicProxy, client: redis.Redis) -> None:
    proxy.slow_down(0.1)
    assert _took_s(client) >= 0.1
    proxy.heal()
    wait_until(lambda: _took_s(client) < 0.1, "what passes to be in time")


def test_what_passes_comes_in_pieces(proxy: ToxicProxy, client: redis.Redis) -> None:
    proxy.dribble(16, 0.001)
    assert _took_s(client, "x" * 1000) >= 2 * 1000 / 16 * 0.001


def test_a_fault_that_ends_while_pieces_are_under_way_changes_no_byte(proxy: ToxicProxy) -> None:
    text = "".join(map(str, range(20_000)))
    connection = redis.Connection(host="127.0.0.1", port=proxy.port, socket_timeout=5)
    for _ in range(5):
        proxy.dribble(64, 0.0001)
        connection.send_command("ECHO", text)
        proxy.heal()
        assert connection.read_response() == text.encode()
    connection.disconnect()


def test_what_was_held_up_passes_in_the_end(proxy: ToxicProxy, client: redis.Redis) -> None:
    proxy.hold()
    with pytest.raises(redis.TimeoutError):
        client.incr("held up")
    proxy.heal()
    wait_until(lambda: client.get("held up") == b"1", "it to pass")
    assert client.incr("held up") == 2
    client.delete("held up")


def test_a_forgotten_connection_leads_nowhere_and_a_new_one_works(proxy: ToxicProxy, client: redis.Redis) -> None:
    proxy.forget()
    with pytest.raises(redis.TimeoutError):
        client.incr("forgotten")
    assert client.get("forgotten") is None


def test_a_cut_network_resets_every_connection(proxy: ToxicProxy, client: redis.Redis) -> None:
    proxy.cut()
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            client.ping()
    proxy.heal()
    assert client.ping()
