"""A proxy before a port of this machine, in a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Self

from local.embedded import LOOPBACK


class LoopbackProxy:
    """Listens on a free port until closed. What it does with a connection, subclasses say in :meth:`connect`."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    async def connect(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Serve one connection, to its end."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self) -> None:
        self._loop.set_exception_handler(lambda loop, context: None)  # ends that break are what is tested
        server = await asyncio.start_server(self.connect, LOOPBACK, 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._closing.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were aborted close their sockets in the next round
