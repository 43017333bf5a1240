"""Clients that are slow, silent or gone don't hold up the others."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from .client import Client

SLOW_CLIENTS = 10
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
