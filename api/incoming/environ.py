"""A request's line and headers as WSGI has them (PEP 3333), from Granian's RSGI scope."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, Protocol

BASE = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Headers(Protocol):
    """Names in lower case, of which ``len`` counts each once. Of what isn't visible ASCII only the name is known."""

    def keys(self) -> list[str]: ...
    def items(self) -> list[tuple[str, str]]: ...
    def __len__(self) -> int: ...


class Scope(Protocol):
    """What Granian says of a request (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md)."""

    http_version: str
    scheme: str
    method: str
    path: str
    query_string: str
    server: str
    client: str
    authority: str | None
    headers: Headers


def environ_of(scope: Scope) -> dict[str, Any]:
    """The environment of a request, but for ``wsgi.input``."""
    environ = dict(BASE)
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope.http_version}"
    environ["wsgi.url_scheme"] = scope.scheme
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _address(scope.server)
    environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = _address(scope.client)
    _add_headers(environ, scope.headers)
    if scope.authority is not None:  # RFC 9112, 3.2.2: it counts, and Host doesn't
        environ["HTTP_HOST"] = scope.authority
    return environ


def _address(text: str) -> tuple[str, str]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), port


@lru_cache(maxsize=256)
def _key(name: str) -> str | None:
    """A header's name as WSGI has it. One with ``_`` would be taken for the one with ``-``, such as a proxy's, so it is
    left out (None)."""
    if "_" in name:
        return None
    return WITHOUT_PREFIX.get(name) or f"HTTP_{name.upper().replace('-', '_')}"


def _add_headers(environ: dict[str, Any], headers: Headers) -> None:
    """Lines of the same name are joined (RFC 9110, 5.2)."""
    before, ignored = len(environ), 0
    for name, value in headers.items():
        key = _key(name)
        if key is None:
            ignored += 1
        elif key not in environ:
            environ[key] = value
        elif key != "CONTENT_LENGTH":  # which the server has found to be the same
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
    if len(environ) - before + ignored < len(headers):
        _add_unreadable(environ, headers)


def _add_unreadable(environ: dict[str, Any], headers: Headers) -> None:
    """What is there, but not to be read, is empty: no rule that asks for it may think that it wasn't sent."""
    for key in map(_key, headers.keys()):
        if key is not None:
            environ.setdefault(key, "")
