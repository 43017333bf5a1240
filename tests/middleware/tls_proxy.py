"""TLS before Redis, as Heroku and others have it: a proxy that ends TLS and forwards to the plain port."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from ..certificates import CertificateFiles
from ..loopback_proxy import LoopbackProxy


class TlsProxy(LoopbackProxy):
    """Forwards until closed, in a thread of its own."""

    def __init__(self, redis_url: str, files: CertificateFiles) -> None:
        parts = urlsplit(redis_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._login = "".join(parts.netloc.rpartition("@")[:2])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.chain, files.key)
        super().__init__(tls=context)

    def url(self, query: str = "", *, host: str = "127.0.0.1") -> str:
        """The ``rediss://`` URL of this proxy."""
        return f"rediss://{self._login}{host}:{self.port}/0{'?' if query else ''}{query}"

    async def connect(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(_pump(from_client, to_redis), _pump(from_redis, to_client))
        finally:
            to_redis.transport.abort()
            to_client.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
