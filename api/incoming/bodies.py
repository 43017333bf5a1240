"""Bodies that are on their way: read as they come, without a thread, and bounded in time and memory."""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from ..wire.problems import CROWDED_BODIES, SLOW, TOO_LARGE, Kind

LONGEST_S = 30.0
"""So long a body may take, as its headers may. 8 MiB in that time are 2.2 Mbit/s."""
LONGEST_AT_THE_END_S = 1.0
"""So long it may still take when the server is told to end: nobody is to wait for a client that sends nothing."""
LOOK_S = 0.25
"""So often bodies that take too long are looked for."""
DRAINED_BYTES = 32 * 2**20
"""Of a body that is too large so much is taken in: most clients only look for an answer when all is sent, and see a
broken connection instead of it if nobody reads."""

Then = Callable[[bytes, Kind | None], None]
"""Called once for each body: with all of it, or with why it isn't taken."""


class Chunk(Protocol):
    """A future of Granian's: the next bytes of a body, none at its end."""

    def add_done_callback(self, callback: Callable[[Any], None], context: Any = None) -> None: ...
    def done(self) -> bool: ...
    def result(self) -> bytes: ...
    def cancel(self) -> bool: ...


class Source(Protocol):
    """Where the chunks of a body come from: Granian's protocol object."""

    def __aiter__(self) -> Any: ...
    def __anext__(self) -> Chunk: ...


class Body:
    """One body that is on its way. ``length``: the announced one, in bytes; None: it comes in chunks."""

    __slots__ = ("began", "chunk", "kept", "length", "parts", "received", "source", "then")

    def __init__(self, source: Source, length: int | None, then: Then) -> None:
        self.source = source
        self.length = length
        self.then = then
        self.began = time.monotonic()
        self.parts: list[bytes] = []
        self.received = self.kept = 0
        self.chunk: Chunk | None = None


class Bodies:
    """All bodies that are on their way to one process, and those that are being worked on."""

    def __init__(self, *, largest: int, most: int, longest_s: float) -> None:
        """
        Parameters:
          largest: how many bytes of one are kept.
          most: how many bytes of all of them. Beyond, the one that has most is refused.
        """
        self._largest = largest
        self._most = most
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._coming: dict[Body, None] = {}
        """In the order in which they began."""
        self._kept = 0
        self._ends_at = math.inf
        threading.Thread(target=self._watch, name="bodies", daemon=True).start()

    def read(self, source: Source, length: int | None, then: Then) -> None:
        """Read a body, and call ``then`` when all of it is there, or it is refused. What was kept of it must be given
        to :meth:`release` when it isn't needed any more."""
        body = Body(source, length, then)
        source.__aiter__()
        with self._lock:
            self._coming[body] = None
        self._go_on(body)

    def release(self, count: int) -> None:
        """Give back the bytes of a body that was read."""
        with self._lock:
            self._kept -= count

    def end(self) -> None:
        """The server ends: bodies that aren't there soon are refused."""
        self._ends_at = time.monotonic() + LONGEST_AT_THE_END_S

    def _go_on(self, body: Body) -> None:
        goes_on = True
        while goes_on:
            body.chunk = chunk = body.source.__anext__()
            if not chunk.done():
                chunk.add_done_callback(partial(self._came, body))
                if body not in self._coming:  # refused since the last chunk, whose future couldn't be cancelled
                    chunk.cancel()
                    body.chunk = None
                return
            goes_on = self._take(body, chunk.result())

    def _came(self, body: Body, chunk: Chunk) -> None:
        try:
            taken = chunk.result()
        except asyncio.CancelledError:
            return
        if self._take(body, taken):
            self._go_on(body)

    def _take(self, body: Body, chunk: bytes) -> bool:
        """Whether there is more to come."""
        with self._lock:
            if body not in self._coming:
                return False
            self._keep(body, chunk)
            is_whole = not chunk or body.received == body.length or body.received >= DRAINED_BYTES
            crowding = max(self._coming, key=lambda each: each.kept) if self._kept > self._most else None
            if is_whole and crowding is not body:
                self._end(body)
        if crowding is not None:
            self._refuse(crowding, CROWDED_BODIES)
        if is_whole and crowding is not body:
            body.then(b"".join(body.parts), TOO_LARGE if body.received > self._largest else None)
        return not is_whole and crowding is not body

    def _keep(self, body: Body, chunk: bytes) -> None:
        body.received += len(chunk)
        if body.received <= self._largest:
            body.parts.append(chunk)
            body.kept += len(chunk)
            self._kept += len(chunk)
        else:
            self._drop(body)

    def _drop(self, body: Body) -> None:
        self._kept -= body.kept
        body.kept = 0
        body.parts.clear()

    def _end(self, body: Body) -> Chunk | None:
        """Let go of a body. Granian's futures hold their callbacks, and so the body: unless it forgets its own, they
        would hold each other, and the connection, for ever."""
        del self._coming[body]
        chunk, body.chunk = body.chunk, None
        return chunk

    def _refuse(self, body: Body, why: Kind) -> None:
        with self._lock:
            if body not in self._coming:  # others may have found the same
                return
            chunk = self._end(body)
            self._drop(body)
        if chunk is not None:
            chunk.cancel()
        body.then(b"", why)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_S)
            self._refuse_overdue()

    def _refuse_overdue(self) -> None:
        now = time.monotonic()
        until = now - self._longest_s if now < self._ends_at else now
        with self._lock:
            overdue = list(itertools.takewhile(lambda body: body.began < until, self._coming))
        for body in overdue:
            self._refuse(body, SLOW)
