"""Requests that two programs on their way may read differently."""

from __future__ import annotations

import socket

import pytest

from api.access.framing import is_host

from .client import Client

BODY = b'{"message": "a"}'
LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
HOST = b"Host: 127.0.0.1"
SMUGGLED = b"GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def said(client: Client, *lines: bytes, body: bytes = b"", line: bytes = b"POST /v1/jobs HTTP/1.1") -> bytes:
    """All that is answered until the connection ends."""
    head = [line, b"Content-Type: application/json", *lines]
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        heard = b""
        while more := connection.recv(65_536):
            heard += more
    return heard


def refused_with(client: Client, heard: bytes, status: bytes, kind: bytes) -> None:
    assert heard.startswith(b"HTTP/1.1 " + status), heard
    assert b'"type":"/problems/' + kind in heard
    assert heard.count(b"x-request-id: ") == 1, "nothing that came after it was answered"
    assert b"\r\nconnection: close\r\n" in heard.lower()
    assert client.get("/v1/jobs").json == []


@pytest.mark.parametrize(
    "host",
    [
        b"Host: a@127.0.0.1",
        b"Host: 127.0.0.1:abc",
        b"Host: 127.0.0.1:65536",
        b"Host: 127.0.0.1:-1",
        b"Host: 127.0.0.1/",
        b"Host: http://127.0.0.1",
        b"Host: 127.0.0.1 localhost",
        b"Host: [::1",
        b"Host: a:b:c",
        b"Host: 127.0.0.1?",
        b"Host: \xff",
        b"Host: 127.0.0.1\r\nHost: 127.0.0.1",
        b"Host: 127.0.0.1\r\nHost: localhost",
        b"X-Host: 127.0.0.1",
    ],
)
def test_a_host_that_is_none_is_refused(client: Client, host: bytes) -> None:
    if host == b"Host: \xff":  # which the server hides: it looks as if it were empty
        heard = said(client, host, LENGTH, b"Connection: close", body=BODY + SMUGGLED)
        assert heard.startswith(b"HTTP/1.1 403 ")
    else:
        heard = said(client, host, LENGTH, body=BODY + SMUGGLED)
        refused_with(client, heard, b"400 ", b"malformed-request")


def test_of_an_absolute_target_the_host_counts(client: Client) -> None:
    of_elsewhere = said(
        client, HOST, LENGTH, b"Connection: close", body=BODY, line=b"POST http://evil.example/v1/jobs HTTP/1.1"
    )
    of_ours = said(
        client,
        b"Host: evil.example",
        LENGTH,
        b"Connection: close",
        body=BODY,
        line=b"POST http://127.0.0.1/v1/jobs HTTP/1.1",
    )

    assert of_elsewhere.startswith(b"HTTP/1.1 403 ")
    assert of_ours.startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked, chunked", b"identity, chunked"])
def test_another_coding_than_chunked_is_refused(client: Client, coding: bytes) -> None:
    heard = said(client, HOST, b"Transfer-Encoding: " + coding, body=CHUNKED + SMUGGLED)

    refused_with(client, heard, b"501 ", b"unknown-coding")


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip", b"xchunked", b"identity"])
def test_a_body_whose_end_nobody_can_tell_is_refused_by_the_server(client: Client, coding: bytes) -> None:
    heard = said(client, HOST, b"Transfer-Encoding: " + coding, body=CHUNKED + SMUGGLED)

    assert heard.startswith(b"HTTP/1.1 400 ")
    assert heard.count(b"HTTP/1.1 ") == 1
    assert client.get("/v1/jobs").json == []


@pytest.mark.parametrize("length", [LENGTH, b"Content-Length: 3"])
@pytest.mark.parametrize("comes_first", [True, False])
def test_a_length_beside_chunks_isnt_heeded_and_nothing_comes_after_it(
    client: Client, length: bytes, comes_first: bool
) -> None:
    """RFC 9112, 6.1 and 6.3. The server hides the length, so it can't be refused."""
    lines = [length, b"Transfer-Encoding: chunked"]
    heard = said(client, HOST, *(lines if comes_first else reversed(lines)), body=CHUNKED + SMUGGLED)

    assert heard.startswith(b"HTTP/1.1 201 ")
    assert b"\r\nconnection: close\r\n" in heard.lower()
    assert heard.count(b"x-request-id: ") == 1


def test_two_lengths_are_refused_by_the_server(client: Client) -> None:
    heard = said(client, HOST, LENGTH, b"Content-Length: 3", body=BODY)

    assert heard.startswith(b"HTTP/1.1 400 ")


def test_an_old_client_that_names_no_host_is_answered(client: Client) -> None:
    assert said(client, LENGTH, body=BODY, line=b"POST /v1/jobs HTTP/1.0").startswith(
        (b"HTTP/1.0 201 ", b"HTTP/1.1 201 ")
    )


def test_a_header_with_an_underscore_isnt_taken_for_another(client: Client) -> None:
    heard = said(client, HOST, LENGTH, b"Idempotency_Key: same", b"Connection: close", body=BODY)
    again = said(client, HOST, LENGTH, b"Idempotency_Key: same", b"Connection: close", body=BODY)

    assert b"idempotency-replayed" not in (heard + again).lower()
    assert len(client.get("/v1/jobs").json) == 2


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "a.example:8000",
        "127.0.0.1",
        "[::1]:1",
        "[fe80::1%25eth0]",
        "under_score",
        "a:",
        "xn--bcher-kva",
    ],
)
def test_what_a_host_may_be(host: str) -> None:
    assert is_host(host)


def test_a_long_host_is_looked_through_once() -> None:
    assert not is_host("a" * 60_000 + "@")
    assert not is_host("[" + ":" * 60_000)
