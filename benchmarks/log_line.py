"""What a line of the log costs the thread that writes it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack

from middleware.logs.format import Json
from middleware.logs.tcp import TcpHandler

from .driver.bench import Bench
from .driver.figures import Figure, percentile, timed
from .driver.measures import measure
from .driver.peer import QueuePeer


@measure(
    "log-line",
    "A line of the log, sent over TCP as well",
    figures=[Figure("p50", "µs"), Figure("p99", "µs")],
    rounds=(3, 5),
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
        times = timed(
            lambda: logger.info("Job %d has ended.", next(lines), extra={"took_ms": 3}), bench.pick(100, 5_000, 20_000)
        )
    return {"p50": percentile(times, 0.5) * 1e6, "p99": percentile(times, 0.99) * 1e6}


def _swallow(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        while connection.recv(65536):
            pass
