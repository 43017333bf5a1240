"""One HTTP exchange with one limit on its time: name, connection, TLS, headers and body together."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """What comes from another address than the one that was asked isn't wanted."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Deadline:
    """Cuts the connections that are opened through it when the time is up. A timeout of a socket holds for each read of
    it alone, so that a server that sends a byte now and then would be listened to for ever."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.is_over = False

    def connect(self, address: Any, timeout: float, source: Any = None) -> socket.socket:
        """As ``socket.create_connection``."""
        connection = socket.create_connection(address, min(timeout, self._seconds), source)
        with self._lock:
            # Of its own: TLS takes the first one's place.
            self._sockets.append(connection.dup())
        if self.is_over:
            self._cut()
        return connection

    def _cut(self) -> None:
        self.is_over = True
        with self._lock:
            for connection in self._sockets:
                with suppress(OSError):  # it has ended
                    connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for connection in self._sockets:
                connection.close()


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _through(self._deadline, http.client.HTTPConnection(host, **options))


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        return _through(self._deadline, http.client.HTTPSConnection(host, **options))


def _through(deadline: Deadline, connection: Any) -> http.client.HTTPConnection:
    connection._create_connection = deadline.connect
    found: http.client.HTTPConnection = connection
    return found


def get(url: str, *, seconds: float, max_bytes: int) -> bytes:
    """What is at an address; of the body ``max_bytes`` and one more at most.

    Raises:
      TimeoutError: it took longer than ``seconds``.
      OSError, http.client.HTTPException: no answer, or another than 200.
    """

    def ask(opener: urllib.request.OpenerDirector) -> bytes:
        with opener.open(url, timeout=seconds) as answer:
            body: bytes = answer.read(max_bytes + 1)
            return body

    return _within(seconds, ask)


def post_form(
    url: str, form: Mapping[str, str], *, headers: Mapping[str, str], seconds: float, max_bytes: int
) -> tuple[int, bytes]:
    """Status and body of the answer to a form, whatever the status; the body as :func:`get` gives it.

    Raises:
      TimeoutError: it took longer than ``seconds``.
      OSError, http.client.HTTPException: no answer.
    """
    sent = urllib.request.Request(url, urlencode(form).encode(), dict(headers))  # noqa: S310 (whoever calls has looked)

    def ask(opener: urllib.request.OpenerDirector) -> tuple[int, bytes]:
        try:
            with opener.open(sent, timeout=seconds) as answer:
                return answer.status, answer.read(max_bytes + 1)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read(max_bytes + 1)

    return _within(seconds, ask)


def _within(seconds: float, ask: Callable[[urllib.request.OpenerDirector], T]) -> T:
    with Deadline(seconds) as deadline:
        try:
            answered = ask(urllib.request.build_opener(NoRedirect, _Http(deadline), _Https(deadline)))
        except (OSError, http.client.HTTPException) as error:
            # A socket's own timeout is as long, and may be a little earlier.
            if deadline.is_over or isinstance(getattr(error, "reason", error), TimeoutError):
                raise _late(seconds) from None
            raise
        if deadline.is_over:  # a body whose end is that of the connection looks whole
            raise _late(seconds)
    return answered


def _late(seconds: float) -> TimeoutError:
    return TimeoutError(f"the exchange took longer than {seconds:g} s")
