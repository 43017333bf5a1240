"""A network that can be made bad: a TCP proxy that delays, dribbles, holds back, forgets or cuts what passes."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from local.embedded import LOOPBACK

from ..loopback_proxy import LoopbackProxy

READ_BYTES = 65_536


@dataclass(slots=True, eq=False)
class Line:
    """One connection through the proxy. ``is_forgotten``: what comes in is thrown away, and neither end ever hears of
    the other again, as behind a firewall that has lost its table."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_forgotten: bool = False

    def reset(self) -> None:
        """Break it, at both ends."""
        self.client.transport.abort()
        self.server.transport.abort()


class ToxicProxy(LoopbackProxy):
    """Forwards to a port of this machine until told otherwise; a thread of its own does it.

    Each fault holds until :meth:`heal`.
    """

    def __init__(self, port: int, *, seed: int = 0) -> None:
        """``port``: where to forward to."""
        super().__init__()
        self._target = port
        self._chance = random.Random(seed)
        self._lines: set[Line] = set()
        self._delay_s = self._pause_s = 0.0
        self._piece_bytes = READ_BYTES
        self._is_cut = self._spares_requests = False
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        """Redis, by this way."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def slow_down(self, delay_s: float) -> None:
        """Whatever passes is late by about this much, in each direction."""
        self._do(lambda: setattr(self, "_delay_s", delay_s))

    def dribble(self, piece_bytes: int, pause_s: float, *, only_answers: bool = False) -> None:
        """What passes is taken apart into pieces of so many bytes, with pauses between them."""

        def take_apart() -> None:
            self._piece_bytes, self._pause_s, self._spares_requests = piece_bytes, pause_s, only_answers

        self._do(take_apart)

    def hold(self) -> None:
        """Nothing passes. Connections stay, new ones are made, and :meth:`heal` lets through what was sent meanwhile: a
        network that is gone for a moment, and TCP that sends again."""
        self._do(self._flows.clear)

    def forget(self) -> None:
        """The connections that there are lead nowhere from now on, and nobody tells their ends; new ones work."""

        def forget_lines() -> None:
            for line in self._lines:
                line.is_forgotten = True

        self._do(forget_lines)

    def cut(self) -> None:
        """Reset all connections, and each new one."""

        def reset_lines() -> None:
            self._is_cut = True
            for line in self._lines:
                line.reset()

        self._do(reset_lines)

    def heal(self) -> None:
        """Forward again, at once and whole. What was forgotten is reset in the end."""

        def mend() -> None:
            self._delay_s = self._pause_s = 0.0
            self._piece_bytes, self._is_cut, self._spares_requests = READ_BYTES, False, False
            self._flows.set()
            for line in self._lines:
                if line.is_forgotten:
                    line.reset()

        self._do(mend)

    def _do(self, change: Callable[[], None]) -> None:
        """In the thread of the proxy, and wait until it is done."""
        done = threading.Event()

        def make_it() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(make_it)
        assert done.wait(10)

    async def connect(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            if self._is_cut:
                raise ConnectionAbortedError
            from_server, to_server = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            to_client.transport.abort()
            return
        line = Line(to_client, to_server)
        self._lines.add(line)
        try:
            await asyncio.gather(
                self._pump(line, from_client, to_server),
                self._pump(line, from_server, to_client),
            )
        finally:
            line.reset()
            self._lines.discard(line)

    async def _pump(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await self._flows.wait()
                await asyncio.sleep(self._delay_s * self._chance.uniform(0.5, 1.5))
                piece_bytes = self._piece_bytes  # a fault may end while pieces of this are under way
                if self._spares_requests and writer is line.server:
                    piece_bytes = READ_BYTES
                for start in range(0, len(data), piece_bytes):
                    if line.is_forgotten:
                        break
                    writer.write(data[start : start + piece_bytes])
                    await writer.drain()
                    await asyncio.sleep(self._pause_s)
        if not line.is_forgotten:
            writer.close()
