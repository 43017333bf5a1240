"""``LOG_TCP_URL``: lines over TCP to a receiver that may be away, restart or stall, without the service noticing."""

from __future__ import annotations

import encodings.idna  # noqa: F401 (a fork while the sender imports it would leave its lock held in the child)
import logging
import os
import socket
import ssl
import threading
import time
from collections import deque
from multiprocessing.util import Finalize
from urllib.parse import urlsplit

from ..redis_link.backoff import Backoff
from . import drops

MOST_LINES = 20_000
MOST_BYTES = 8 << 20
BATCH_BYTES = 64 << 10
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0
STEP_S = 0.2
STALLED_S = 5.0
"""A receiver that takes nothing for this long is disconnected, and connected to again."""
FLUSH_S = 2.0
"""How long a process waits at its end until its last lines are sent."""


class TcpHandler(logging.Handler):
    """Hands lines to a thread of its own. The caller pays for the formatting and an append, never for the network.

    At most 20,000 lines or 8 MiB wait; beyond that the oldest go, and are counted. After a fork the child begins with
    nothing: what waited is its parent's. A batch whose sending failed is sent again whole: its lines may come twice.
    """

    terminator = b"\n"

    def __init__(self, url: str, *, octet_counted: bool = False) -> None:
        """``url``: ``tcp://host:port`` or ``tls://host:port``. ``octet_counted``: frames of RFC 6587, 3.4.1."""
        super().__init__()
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 0))
        self._tls = ssl.create_default_context() if parts.scheme == "tls" else None
        self._octet_counted = octet_counted
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._closing_by = 0.0
        self._begin()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._framed(self.format(record).encode("utf-8", "backslashreplace"))
        except Exception:
            self.handleError(record)
            return
        if self._pid != os.getpid():
            self._begin()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lastin-log-tcp", daemon=True)
            self._thread.start()
        with self._news:
            self._lines.append(line)
            self._bytes += len(line)
            dropped = self._make_room()
            self._news.notify()
        if dropped:
            drops.count(dropped)

    def close(self) -> None:
        """Send what waits, for at most 2 s."""
        thread = self._thread if self._pid == os.getpid() else None
        if thread is not None and not self._closing_by:
            with self._news:
                self._closing_by = time.monotonic() + FLUSH_S
                self._news.notify()
            thread.join(FLUSH_S + STEP_S)
            if self._lines:
                drops.count(len(self._lines))
        super().close()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._news = threading.Condition()
        self._thread = self._socket = None
        self._closing_by = 0.0
        # Children of multiprocessing end without atexit, but with their finalizers.
        Finalize(None, self.close, exitpriority=100)

    def _framed(self, line: bytes) -> bytes:
        return b"%d %b" % (len(line), line) if self._octet_counted else line.replace(b"\n", b" ") + b"\n"

    def _make_room(self) -> int:
        dropped = 0
        while len(self._lines) > MOST_LINES or self._bytes > MOST_BYTES:
            self._bytes -= len(self._lines.popleft())
            dropped += 1
        return dropped

    def _run(self) -> None:
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        batch: list[bytes] = []
        while batch := batch or self._next_batch():
            try:
                self._send(b"".join(batch))
                batch = []
                backoff.reset()
            except (OSError, ssl.SSLError):
                self._disconnect()
                if self._is_over():
                    break
                with self._news:
                    self._news.wait_for(lambda: bool(self._closing_by), backoff.next_s())
        if batch:
            drops.count(len(batch))
        self._disconnect()

    def _next_batch(self) -> list[bytes]:
        """What waits, up to 64 KiB; nothing: the end."""
        with self._news:
            self._news.wait_for(lambda: self._lines or self._closing_by)
            batch, size = [], 0
            while self._lines and size < BATCH_BYTES:
                batch.append(self._lines.popleft())
                size += len(batch[-1])
            self._bytes -= size
            return batch

    def _send(self, data: bytes) -> None:
        connection = self._connected()
        left, moved_at = memoryview(data), time.monotonic()
        while left:
            try:
                left = left[connection.send(left) :]
                moved_at = time.monotonic()
            except TimeoutError:
                if self._is_over() or time.monotonic() - moved_at > STALLED_S:
                    raise

    def _connected(self) -> socket.socket:
        if self._socket is not None and _has_ended(self._socket):
            self._disconnect()
        if self._socket is None:
            plain = socket.create_connection(self._address, timeout=self._patience())
            try:
                secured = self._tls and self._tls.wrap_socket(plain, server_hostname=self._address[0])
                self._socket = secured or plain
            except BaseException:
                plain.close()
                raise
            self._socket.settimeout(STEP_S)
            # What the system holds when the receiver goes is lost without a word: let it hold little.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BATCH_BYTES)
        return self._socket

    def _patience(self) -> float:
        left_s = self._closing_by - time.monotonic() if self._closing_by else STALLED_S
        return max(0.01, min(left_s, STALLED_S))

    def _is_over(self) -> bool:
        return bool(self._closing_by) and time.monotonic() >= self._closing_by

    def _disconnect(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()


def _has_ended(connection: socket.socket) -> bool:
    """Whether the receiver has closed its end, which sending alone would notice one batch too late."""
    connection.settimeout(0)
    try:
        return connection.recv(1024) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(STEP_S)
