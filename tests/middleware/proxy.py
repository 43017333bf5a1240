"""A TCP proxy before Redis that cuts connections when a test says so: before a command reaches it, or before its answer
comes back."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards until told otherwise. A fault is armed, and happens once, at the first request that holds a given text:
    the name of a command, or the sha of a script."""

    def __init__(self, redis_url: str) -> None:
        parts = urlsplit(redis_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = redis_url.replace(f":{self._target[1]}/", f":{self._listener.getsockname()[1]}/")
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._fault: tuple[bytes, bool] | None = None
        self.happened = threading.Event()
        self._is_away = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_before(self, needle: str = "EVALSHA") -> None:
        """The next such request never reaches Redis; its connection is cut."""
        self._arm(needle, forwards=False)

    def cut_after(self, needle: str = "EVALSHA") -> None:
        """The next such request is carried out, but its answer is lost with the connection."""
        self._arm(needle, forwards=True)

    def go_away(self) -> None:
        """Cut all connections, and every new one."""
        self._is_away = True
        self.cut_all()

    def come_back(self) -> None:
        """Forward again."""
        self._is_away = False

    def cut_all(self) -> None:
        """Cut all connections that there are; new ones are forwarded."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _close(*pair)

    def close(self) -> None:
        """Stop."""
        # A thread that waits in accept() isn't woken by a close() alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _arm(self, needle: str, *, forwards: bool) -> None:
        self.happened.clear()
        self._fault = (needle.encode(), forwards)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_away:
                client.close()
                continue
            server = socket.create_connection(self._target)
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while request := client.recv(1 << 20):
                forwards = self._fault_for(client, server, request)
                if forwards is False:
                    self.happened.set()
                    break
                server.sendall(request)
        _close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(1 << 20):
                if (client, server) not in self._pairs:
                    self.happened.set()
                    break
                client.sendall(answer)
        _close(client, server)

    def _fault_for(self, client: socket.socket, server: socket.socket, request: bytes) -> bool | None:
        """Whether a fault forwards this request; None: no fault."""
        with self._lock:
            if self._fault is None or self._fault[0] not in request:
                return None
            forwards, self._fault = self._fault[1], None
            self._pairs.remove((client, server))
            return forwards


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
