"""Requests as Hypothesis makes them up, some nearly right, some nothing of the kind; and how any bytes are sent."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from api.wire.waiting import preferred_wait_s

from .client import JOB_OPTIONS, Answer

Header = tuple[str, bytes]

POSTS = (
    "/v1/jobs",
    "/v1/jobs/batch",
    "/v1/jobs/cancel",
    "/v1/jobs/retry",
    "/v1/jobs/nobody/cancel",
    "/v1/jobs/nobody/retry",
    "/v1/queues/default/pause",
    "/v1/queues/default/resume",
    "/v1/windows",
    "/v1/windows/default.1/close",
)
LISTS = ("/v1/jobs", "/v1/windows", "/v1/windows/next", "/v1/queues/default/pauses", "/v1/jobs/nobody", "/v1/stats")
PATHS = ("/v1/jobs", "/v1/queues", "/v1/windows", "/problems", "/docs", "/static", "")

CHARACTERS = st.characters(codec="utf-8")
TEXTS = st.text(CHARACTERS, max_size=40)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 2**53, 2**63, 2**64 - 1, 2**64, 10**400, -(2**63) - 1, 1e308, -0.0]),
)
NAMES = st.sampled_from(
    [
        *JOB_OPTIONS,
        *(
            "message",
            "task",
            "payload",
            "jobs",
            "reason",
            "queue",
            "batch",
            "lasts_s",
            "status",
        ),
        *(
            "window",
            "created_after",
            "limit",
            "to",
            "title",
            "count",
            "ratio",
            "sizes",
            "address",
            "name",
            "_schema",
            "",
        ),
    ]
)
WORDS = st.sampled_from(
    [
        *(
            "process_message",
            "post_mail",
            "measure",
            "weigh",
            "default",
            "mail",
            "queued",
            "default.1",
            "a@example.org",
        ),
        *("2030-01-31T12:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "2016-12-31T23:59:60.9-00:00"),
        *("\ud800", "\udc00\ud800", "\x00", "a\x00b", "\u202e", "\ufeff", "e\u0301", "🂡" * 20, " ", "a" * 70_000),
    ]
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=12,
)
PAYLOADS = st.dictionaries(NAMES | TEXTS, VALUES, max_size=5)
JOBS = st.fixed_dictionaries(
    {},
    optional={
        "message": TEXTS | LEAVES,
        "task": WORDS | VALUES,
        "payload": PAYLOADS | VALUES,
        "delay_s": NUMBERS | VALUES,
        "run_at": WORDS | VALUES,
        "expires_in_s": NUMBERS | VALUES,
        "expires_at": WORDS | VALUES,
        "subject": TEXTS | VALUES,
        "group": TEXTS | VALUES,
        "supersede_running": st.booleans() | VALUES,
        "max_defer_s": NUMBERS | VALUES,
        "tags": st.lists(TEXTS | LEAVES, max_size=20) | VALUES,
    },
)
BATCHES = st.fixed_dictionaries({"jobs": st.lists(JOBS, max_size=4) | VALUES})
FILTERS = st.dictionaries(NAMES, WORDS | LEAVES, max_size=4)
DOCUMENTS = st.one_of(JOBS, BATCHES, FILTERS, PAYLOADS, VALUES)


class Repeated(dict[str, Any]):
    """An object in which each name stands twice, once it is written as JSON."""

    def items(self) -> Any:
        return [pair for pair in super().items() for _ in range(2)]


def _written(value: Any, *, as_ascii: bool, is_repeated: bool) -> bytes:
    shown = Repeated(value) if is_repeated and isinstance(value, dict) else value
    return json.dumps(shown, ensure_ascii=as_ascii).encode("utf-8", "surrogatepass")


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bytes of any kind; JSON, whole, cut, with something in it changed, or nested deep."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    body = _written(draw(DOCUMENTS), as_ascii=draw(st.booleans()), is_repeated=draw(st.integers(0, 7)) == 0)
    match draw(st.integers(0, 9)):
        case 0:
            return body[: draw(st.integers(0, len(body)))]
        case 1:
            place = draw(st.integers(0, len(body)))
            return body[:place] + draw(st.binary(max_size=3)) + body[place + draw(st.integers(0, 2)) :]
        case 2:
            depth = draw(st.sampled_from([31, 32, 33, 1_000, 100_000]))
            return b'{"message": ' + b"[" * depth + body + b"]" * depth + b"}"
        case 3:
            return body.decode("utf-8", "surrogatepass").encode(
                draw(st.sampled_from(["utf-16", "utf-8-sig", "utf-7"])), "surrogatepass"
            )
    return body


VALUE_BYTES = st.one_of(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60).map(str.encode),
    st.binary(max_size=60).map(lambda value: bytes(b for b in value if b >= 0x20 and b != 0x7F)),
    st.sampled_from([b"", b"*", b'"', b'""', b"a, b", b"a;b", b"x" * 300, b"\xff\xfe", b'W/"', b"wait", b"\xc3\x28"]),
).map(bytes.strip)
"""Header values that a server may hand on (RFC 9110, 5.5: visible characters, blanks, and bytes from 0x80 on)."""
MEDIA_TYPES = st.one_of(
    st.just(b"application/json"),
    st.sampled_from(
        [
            *(b"application/json; charset=utf-8", b"application/json; charset", b"application/json; charset=\xff"),
            *(b'application/json; charset="utf-8', b"application/json;;;", b"text/plain", b"application/problem+json"),
            *(
                b"application/json; charset=utf-7",
                b"multipart/form-data; boundary=x",
                b"application/json; charset*=x''y",
            ),
        ]
    ),
    VALUE_BYTES,
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(
                    "Idempotency-Key",
                    "Prefer",
                    "If-None-Match",
                    "X-Request-Id",
                    "traceparent",
                    "Origin",
                    "Sec-Fetch-Site",
                ),
                *(
                    "Authorization",
                    "Accept",
                    "Content-Encoding",
                    "Cookie",
                    "X-Forwarded-For",
                    "X-Forwarded-Host",
                    "Range",
                ),
                *(
                    "If-Match",
                    "If-Modified-Since",
                    "Expect-CT",
                    "Content-Language",
                    "X-HTTP-Method-Override",
                    "Forwarded",
                ),
            ]
        ),
        VALUE_BYTES
        | st.sampled_from([b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b'"key"', b"wait=0", b"bytes=0-0,-1"]),
    ),
    max_size=4,
).filter(lambda headers: not any(preferred_wait_s(value.decode("latin-1")) for name, value in headers))
"""All but those that make an answer wait."""
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["status", "task", "queue", "window", "created_after", "created_before", "limit", "cursor"])
        | TEXTS,
        st.one_of(
            st.binary(max_size=20),
            TEXTS.map(str.encode),
            st.sampled_from([b"1.default", b"9999999999999999.z", b"queued", b"-1", b"1e3", b"5", b"default"]),
        ),
    ),
    max_size=4,
)


def query(pairs: Iterable[tuple[str, bytes]]) -> str:
    """Names and values as a query string."""
    return "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)


SEGMENTS = st.one_of(
    st.sampled_from(
        [b"default", b"default.1", b"..", b".", b"%2e%2e", b"../../etc/passwd", b"nobody", b"batch", b"next"]
    ),
    st.sampled_from(
        [b"\x00", b"a\x00b", b"\xff", b"\r\nX: y", b"pause", b"cancel", b"why", b"index.html", b"a" * 3000]
    ),
    st.binary(min_size=1, max_size=30),
    TEXTS.map(str.encode),
)


def sent(port: int, method: str, target: str, headers: Iterable[Header] = (), body: bytes | None = None) -> Answer:
    """What a server answers to one request, of which every byte is as it is told."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as connection:
        lines = [f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close".encode()]
        lines += [name.encode() + b": " + value for name, value in headers]
        if body is not None:
            lines.append(b"Content-Length: %d" % len(body))
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return Answer(response.status, response.headers, response.read())
