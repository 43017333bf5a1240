"""``python -m benchmarks.driver.load URL CONNECTIONS SECONDS [FILE]``: requests as fast as the server answers.

Each connection stays open and has one request on its way at any time: a POST of the file's bytes as JSON, or a GET.
Written on asyncio's protocols, so that the client takes as little of the machine as Python allows; what it takes is
told. Prints JSON: requests, seconds, p50_ms, p99_ms, cpu_s, statuses.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from .figures import percentile

WARM_UP_S = 0.3


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, load: Load) -> None:
        self._request = request
        self._load = load
        self._answer = bytearray()
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        self._load.note(int(self._answer[9:12]), time.perf_counter() - self._sent_at)
        self._answer.clear()
        if self._load.goes_on:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.left(error)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)  # type: ignore[attr-defined]


class Load:
    """All connections, and what they have seen."""

    def __init__(self, connections: int, seconds: float) -> None:
        self._open = connections
        self._begin = time.perf_counter() + WARM_UP_S
        self._end = self._begin + seconds
        self._latencies: list[float] = []
        self._statuses: Counter[int] = Counter()
        self.ended = asyncio.get_running_loop().create_future()

    @property
    def goes_on(self) -> bool:
        """False when the time is up and an answer has come."""
        return time.perf_counter() < self._end or not self._latencies

    def note(self, status: int, seconds: float) -> None:
        """An answer came."""
        now = time.perf_counter()
        if not self._latencies:
            self._end = max(self._end, now)  # the first one counts, however long it took
        if self._begin <= now <= self._end:
            self._latencies.append(seconds)
            self._statuses[status] += 1

    def left(self, error: Exception | None) -> None:
        """A connection is closed."""
        self._open -= 1
        if not self.ended.done() and (self.goes_on or not self._open):
            if self.goes_on:
                self.ended.set_exception(error or ConnectionError("the server closed a connection"))
            else:
                self.ended.set_result(None)

    def seen(self) -> dict[str, object]:
        """The counts."""
        return {
            "requests": len(self._latencies),
            "seconds": self._end - self._begin,
            "p50_ms": percentile(self._latencies, 0.5) * 1000,
            "p99_ms": percentile(self._latencies, 0.99) * 1000,
            "statuses": self._statuses,
        }


async def run(url: str, connections: int, seconds: float, body: bytes | None) -> dict[str, object]:
    """Send requests for so long."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    head = f"{'GET' if body is None else 'POST'} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    request = head.encode() + b"\r\n" + (body or b"")
    load = Load(connections, seconds)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(request, load), parts.hostname or "", parts.port or 80)
    cpu = time.process_time()
    await load.ended
    return {**load.seen(), "cpu_s": time.process_time() - cpu}


def _is_whole(answer: bytearray) -> bool:
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    head = head.lower()
    if b"transfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    at = head.find(b"content-length:")
    return at < 0 or len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0])


if __name__ == "__main__":
    try:
        import uvloop

        start = uvloop.run
    except ImportError:
        start = asyncio.run
    file = Path(sys.argv[4]).read_bytes() if len(sys.argv) > 4 else None
    print(json.dumps(start(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), file))))
