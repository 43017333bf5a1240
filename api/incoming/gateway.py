"""From Granian to the WSGI application and back."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from granian._granian import CallbackScheduler

from middleware.words import counted

from ..wire.parsing import REFUSED
from ..wire.problems import Kind
from . import bodies
from .bodies import Bodies
from .environ import environ_of

logger = logging.getLogger(__name__)


class AtOnce:
    """What Granian takes for an event loop. There is none: it is called back at once, by one of its own threads."""

    def call_soon_threadsafe(self, callback: Callable[..., Any], *arguments: Any, context: Any = None) -> None:
        callback(*arguments)

    call_soon = call_soon_threadsafe


class Gateway(CallbackScheduler):
    """Calls the application for each request, in Granian's threads, when its body is there.

    Granian's WSGI interface takes a thread first, and reads the body in it, for as long as the client likes. Its RSGI
    interface gives out bodies without a thread, but calls coroutines. This takes the place of the scheduler that calls
    them (docs/decisions/0020).
    """

    def __new__(cls, loop: AtOnce, application: Flask, threads: int) -> Gateway:
        make: Any = super().__new__  # its stub lacks arguments
        gateway: Gateway = make(cls, loop, None, None, None, None)
        return gateway

    def __init__(self, loop: AtOnce, application: Flask, threads: int) -> None:
        largest = max(application.config["MAX_BODY_BYTES"], application.config["MAX_BATCH_BYTES"])
        self._application = application
        self._bodies = Bodies(largest=largest, most=largest * threads, longest_s=bodies.LONGEST_S)
        self._schedule_fn = self._take
        self._changed = threading.Condition()
        self._open = 0

    def end(self) -> None:
        """The server is told to end: requests that aren't there in whole soon are refused."""
        self._bodies.end()

    def wait_until_answered(self, longest_s: float) -> None:
        """Wait until every request that has come is answered, or for so long."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._open, longest_s):
                logger.warning("%s couldn't be answered before the process ended.", counted(self._open, "request"))

    def _take(self, watcher: Any) -> None:
        """A request has come. Nothing may be raised from here: nobody would catch it."""
        protocol = watcher.proto
        self._count(1)
        try:
            environ = environ_of(watcher.scope)
            length = _length(environ)
            if length == 0:
                self._answer(protocol, environ, b"", None)
            else:
                self._bodies.read(protocol, length, lambda body, why: self._answer(protocol, environ, body, why))
        except Exception:
            logger.exception("A request couldn't be handled")
            protocol.response_empty(500, [])
            self._count(-1)

    def _answer(self, protocol: Any, environ: dict[str, Any], body: bytes, why: Kind | None) -> None:
        try:
            status, headers, content = _called(self._application, environ, body, why)
        except Exception:
            logger.exception("A request couldn't be answered")
            status, headers, content = 500, [], b""
        finally:
            if body:
                self._bodies.release(len(body))
        try:
            protocol.response_bytes(status, headers, content)
        except Exception:
            logger.exception("An answer couldn't be sent")
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        """So many requests more are open."""
        with self._changed:
            self._open += more
            if not self._open:
                self._changed.notify_all()


def _length(environ: dict[str, Any]) -> int | None:
    """Of the body, in bytes; None: nobody knows yet."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    with suppress(ValueError):
        return int(environ.get("CONTENT_LENGTH", "0"))
    return None


def _called(
    application: Flask, environ: dict[str, Any], body: bytes, why: Kind | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    begun: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        begun[:] = [(int(status[:3]), headers)]
        return begun.append  # type: ignore[return-value]  # never called: an old way to write

    environ["wsgi.input"] = io.BytesIO(body)
    if why is not None:
        environ[REFUSED] = why
    answer = application(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    [(status, headers)] = begun
    if why is not None or "HTTP_TRANSFER_ENCODING" in environ:
        # The rest of the body may still come. Or a length came beside the chunks: the server hides it, and whoever went
        # by it takes the rest for a request of its own (RFC 9112, 6.1).
        headers = [*headers, ("Connection", "close")]
    return status, headers, content
