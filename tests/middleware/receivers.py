"""A receiver of log lines over TCP, as a test starts, stops and stalls it."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from middleware.logs import drops
from middleware.logs.format import Json
from middleware.logs.tcp import TcpHandler


class Receiver:
    """Keeps what comes, over all of its lives, on one port."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._parts: list[bytearray] = []
        self.connections = 0
        self._context = context
        self._stalled = False
        self._server: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    def start(self, *, stalled: bool = False) -> Self:
        """Listen; ``stalled``: take connections, and read nothing."""
        self._stalled = stalled
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._server, stalled), daemon=True).start()
        return self

    def stop(self) -> None:
        """End, as a receiver does that is restarted."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                if self._stalled:
                    connection.close()
            self._open.clear()

    @property
    def received(self) -> bytes:
        """All that came, one connection after the other."""
        with self._lock:
            return b"".join(self._parts)

    def lines(self) -> list[str]:
        """Whole lines so far, of one connection after the other."""
        with self._lock:
            whole = [bytes(part).rpartition(b"\n")[0] for part in self._parts]
        return [line.decode() for part in whole if part for line in part.split(b"\n")]

    def _accept(self, server: socket.socket, stalled: bool) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            if stalled:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            if not stalled:
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        part = bytearray()
        with self._lock:
            self._parts.append(part)
        with suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            while data := connection.recv(65536):
                with self._lock:
                    part += data
        connection.close()


@contextmanager
def sending(url: str, *, octet_counted: bool = False) -> Iterator[tuple[logging.Logger, TcpHandler]]:
    """A logger of its own over TCP, and its handler; closed in the end."""
    handler = TcpHandler(url, octet_counted=octet_counted)
    handler.setFormatter(Json("test"))
    logger = logging.Logger("tests.tcp", logging.INFO)
    logger.addHandler(handler)
    try:
        yield logger, handler
    finally:
        handler.close()


class Drops:
    """Counts the lines that are lost while a test runs."""

    def __init__(self) -> None:
        self._before = drops._dropped

    @property
    def count(self) -> int:
        return drops._dropped - self._before
