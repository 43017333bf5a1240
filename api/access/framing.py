"""Requests that two programs on their way may read differently, and so must be refused (RFC 9112). What the server
itself refuses before, and what it hides, stands in docs/security.md."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Flask

from ..wire.problems import CODING, REQUEST_LINE, FieldError, ProblemError
from ..wire.tracing import current_request

HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,45}(?:%25[\w.~-]+)?\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*+)(?::([0-9]{0,5}+))?",
    re.ASCII,
)
"""RFC 9110, 7.2: a host of RFC 3986, 3.2.2, and a port. Nobody's name stands before it. Of several lines one is made
with commas between, which no real host holds."""
CLOSE = {"Connection": "close"}
"""What follows on the connection can't be distinguished from this request's body."""


def install(app: Flask) -> None:
    """Refuse them before anything else of a request is looked at."""
    app.before_request(_check)


def _check() -> None:
    asked = current_request().environ
    host = asked.get("HTTP_HOST")
    if host is None and asked["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise _refused("Host", "Expected one; HTTP/1.1 wants it.")
    if host is not None and not is_host(host):
        raise _refused("Host", "Expected one host, and a port if need be.")
    coding = asked.get("HTTP_TRANSFER_ENCODING")
    if coding is not None and coding.strip().lower() != "chunked":
        detail = "Only chunked is understood."
        raise ProblemError(CODING, errors=[FieldError("header", "Transfer-Encoding", detail)])


def _refused(header: str, detail: str) -> ProblemError:
    return ProblemError(
        REQUEST_LINE, f"{header}: {detail}", errors=[FieldError("header", header, detail)], headers=CLOSE
    )


@lru_cache(maxsize=64)
def is_host(text: str) -> bool:
    """Whether a ``Host`` header may hold this."""
    found = HOST.fullmatch(text)
    return found is not None and int(found[1] or 0) <= 65_535
