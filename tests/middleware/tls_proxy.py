"""TLS before Redis, as Heroku and others have it: a proxy that ends TLS and forwards to the plain port."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from ..certificates import CertificateFiles


class TlsProxy:
    """Forwards until closed, in a thread of its own."""

    def __init__(self, redis_url: str, files: CertificateFiles) -> None:
        parts = urlsplit(redis_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._login = "".join(parts.netloc.rpartition("@")[:2])
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.chain, files.key)
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.port = 0

    def url(self, query: str = "", *, host: str = "127.0.0.1") -> str:
        """The ``rediss://`` URL of this proxy."""
        return f"rediss://{self._login}{host}:{self.port}/0{'?' if query else ''}{query}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        self._closing = asyncio.Event()
        self._loop.set_exception_handler(lambda loop, context: None)  # clients that break off are what is tested
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._closing.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were aborted close their sockets in the next round

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(_pump(reader, to_redis), _pump(from_redis, writer))
        finally:
            to_redis.transport.abort()
            writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
