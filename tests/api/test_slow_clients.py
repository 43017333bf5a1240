"""Clients that are slow, silent or gone don't hold up the others."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.server import MOST_HEADERS, room_for_connections

from .client import Client
from .conftest import SERVE, running_api

SLOW_CLIENTS = 48
"""Many more than there are threads."""
MANY_CLIENTS = 1200
"""More than Granian takes at once unless it is told to."""
MANY_BODIES = 400
HEADERS = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
PARTS = {
    "nothing": b"",
    "a part of the headers": HEADERS,
    "a part of the body": HEADERS + b"\r\n{",
    "a whole request, and never read": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("sent", PARTS.values(), ids=list(PARTS))
def test_slow_clients_hold_up_nobody(client: Client, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", client.port)))
            connection.sendall(sent)

        pings = [client.get("/healthz").status for _ in range(20)]
        submitted = client.post_job({"message": "a"})

    assert pings == [200] * 20
    assert submitted.status == 201


def test_many_bodies_that_never_end_hold_up_nobody(client: Client) -> None:
    many = min(MANY_BODIES, room_for_connections())
    with ExitStack() as stack:
        for _ in range(many):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", client.port), timeout=30))
            connection.sendall(PARTS["a part of the body"])

        assert client.get("/healthz").status == 200
        assert client.post_job({"message": "a"}).status == 201


def test_a_body_that_never_ends_is_cut(redis_url: str, tmp_path: Path) -> None:
    serve = "from api.incoming import bodies; bodies.LONGEST_S = 1.0" + SERVE  # 30 s are long for a test
    with (
        running_api(redis_url, tmp_path / "web.log", serve=serve) as client,
        socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection,
    ):
        connection.sendall(PARTS["a part of the body"])
        heard = b""
        while more := connection.recv(65_536):
            heard += more

        assert heard.startswith(b"HTTP/1.1 408 ")
        assert b'"type":"/problems/body-too-slow"' in heard
        assert client.post_job({"message": "a"}).status == 201


@pytest.mark.parametrize("sent", [b"", HEADERS], ids=["nothing", "a part of the headers"])
def test_many_silent_clients_shut_nobody_out(client: Client, sent: bytes) -> None:
    many = min(MANY_CLIENTS, room_for_connections())
    with ExitStack() as stack:
        for _ in range(many):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", client.port), timeout=30))
            connection.sendall(sent)

        assert client.get("/healthz").status == 200
        assert client.post_job({"message": "a"}).status == 201


def test_no_client_is_asked_whether_it_speaks_http_2(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        try:
            answer = connection.recv(100)
        except ConnectionResetError:  # where the server closes before it has read all of it
            answer = b""
        assert answer == b""


def test_headers_beyond_the_bound_arent_waited_for(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        try:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 4 * MOST_HEADERS)
            answer = connection.recv(100)
        except ConnectionError:  # the answer is lost where the server closes before all was sent
            answer = b"HTTP/1.1 431 "

    assert answer.startswith(b"HTTP/1.1 431 ")
