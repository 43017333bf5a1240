"""What being watched costs: a scrape of a large service, a line of the log, and the counting of jobs."""

from __future__ import annotations

import logging
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from middleware.commands import keys
from middleware.commands.queue_commands import QueueCommands
from middleware.logs.format import Json
from middleware.logs.tcp import TcpHandler
from middleware.redis_link.link import Link

from .drain import CPU, drained
from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure, at_least, at_most, percentile
from .driver.measures import measure
from .driver.peer import QueuePeer
from .driver.web import Service
from .peers.with_lastin_web import PEER as LASTIN

QUEUES = 10


@measure(
    "scrape",
    "GET /metrics with ten queues and 100,000 jobs (quick) or 1,000,000 (full)",
    figures=[Figure("p50", "ms", at_most(50)), Figure("p99", "ms")],
    rounds=(1, 2),
    limited_by="Writing some hundred lines in Python; what Redis does for it is the same whatever the queues hold.",
)
def scrape(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    service, client = Service(bench, LASTIN), bench.client()
    link = Link(bench.server.url, timeout_s=60)
    for number in range(QUEUES):
        name = f"queue-{number}"
        client.sadd(keys.queues(), name)
        scripts = QueueCommands(name, link, default_gate="open")
        stacks.accept(scripts, bench.pick(100, 10_000, 100_000))
        stacks.finish(scripts, bench.pick(10, 1_000, 1_000))

    def ask() -> None:
        with urllib.request.urlopen(f"{service.url}/metrics", timeout=10) as answer:
            answer.read()

    times = _times(ask, bench.pick(3, 40, 100))
    return {"p50": percentile(times, 0.5) * 1000, "p99": percentile(times, 0.99) * 1000}


@measure(
    "log-line",
    "A line of the log, sent over TCP as well",
    figures=[Figure("p50", "µs", at_most(50)), Figure("p99", "µs")],
    rounds=(1, 2),
    limited_by="Making JSON of the record. The network is a thread's business, and the caller never waits for it.",
)
def log_line(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    with ExitStack() as ending:
        server = ending.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=_swallow, args=(server,), daemon=True).start()
        handler = TcpHandler(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        ending.callback(handler.close)
        handler.setFormatter(Json("worker"))
        logger = logging.Logger("benchmark", logging.INFO)
        logger.addHandler(handler)
        lines = iter(range(10**9))
        times = _times(
            lambda: logger.info("Job %d has ended.", next(lines), extra={"took_ms": 3}), bench.pick(100, 5_000, 20_000)
        )
    return {"p50": percentile(times, 0.5) * 1e6, "p99": percentile(times, 0.99) * 1e6}


@measure(
    "drain-counted",
    "No-op jobs, 1 process × 8 threads, with Dramatiq's metrics and without",
    figures=[Figure("rate", "jobs/s", at_least(0.95, "lastin-uncounted")), CPU],
    contestants=("lastin", "lastin-uncounted"),
    rounds=(7, 9),  # rounds differ by more than what counting costs
    limited_by="Some additions a job in the thread that ran it; the metrics themselves are written once a second.",
)
def drain_counted(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8)


def _times(work: Callable[[], None], count: int) -> list[float]:
    """Seconds of each call."""
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return times


def _swallow(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        while connection.recv(65536):
            pass
