"""What a worker process costs that has nothing to do: commands to Redis, and CPU."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress

from .driver.bench import Bench
from .driver.figures import Figure, at_most
from .driver.measures import measure
from .driver.peer import QueuePeer


@measure(
    "idle",
    "An idle worker process with one queue and 8 threads",
    figures=[
        Figure("commands", "commands/s", at_most(1.5), at_most(1)),
        Figure("cpu", "ms of CPU a second"),
    ],
    contestants=("lastin", "dramatiq"),
    rounds=(1, 2),
    limited_by="Maintenance every 5 s (three calls; every 15 s a fourth), a report of metrics every 15 s (one call),"
    " the doorbell's BLPOP every 10 s; the CPU is Dramatiq's threads, which wake once a second.",
)
def idle(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    bench.hand(peer.hand("prepare"))
    worker = bench.start(peer.worker(1, 8))
    client = bench.client()
    bench.wait_until(lambda: sum(client.execute_command(*command) for command in peer.left()) == 0, "it to be idle")
    time.sleep(bench.pick(0.2, 16, 16))  # reports of metrics are frequent at first
    lasts_s = bench.pick(0.5, 15, 30)  # a multiple of the rounds of maintenance and of the reports
    cpu_s = worker.cpu_s()
    sent = _commands(bench.server.port, lasts_s)
    return {"commands": sent / lasts_s, "cpu": (worker.cpu_s() - cpu_s) / lasts_s * 1000}


def _commands(port: int, seconds: float) -> int:
    """How many commands clients send in this time; those that scripts run aren't counted."""
    heard, end = b"", time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"MONITOR\r\n")
        while (left_s := end - time.monotonic()) > 0:
            connection.settimeout(left_s)
            with suppress(TimeoutError):
                heard += connection.recv(65_536)
    lines = heard.decode("utf-8", "replace").splitlines()[1:]
    return sum(" lua]" not in line.partition('"')[0] for line in lines)
