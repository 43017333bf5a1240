"""A request's line and headers as WSGI has them (PEP 3333), from Granian's RSGI scope."""

from __future__ import annotations

import sys
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
    """Names in lower case. Of what isn't visible ASCII the name is known, and no value."""

    def keys(self) -> list[str]: ...
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What Granian tells of a request (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md)."""

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


def _add_headers(environ: dict[str, Any], headers: Headers) -> None:
    """Lines of the same name are joined (RFC 9110, 5.2). A name with ``_`` would be taken for the one with ``-``, such
    as a proxy's, so it is left out."""
    pairs = headers.items()
    for name, value in pairs:
        if "_" in name:
            continue
        key = WITHOUT_PREFIX.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        if key not in environ:
            environ[key] = value
        elif key != "CONTENT_LENGTH":  # which the server has found to be the same
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
    names = headers.keys()
    if len(names) > len({name for name, _ in pairs}):
        for name in names:  # there, but not to be read: no rule that asks for it may think that it wasn't sent
            if "_" not in name:
                environ.setdefault(WITHOUT_PREFIX.get(name) or f"HTTP_{name.upper().replace('-', '_')}", "")
