"""What a worker process costs that has nothing to do: commands to Redis, and CPU."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer
from .driver.processes import Process


@measure(
    "idle",
    "An idle worker process with one queue and 8 threads",
    figures=[Figure("commands", "commands/s"), Figure("cpu", "ms of CPU a second")],
    contestants=("lastin", "dramatiq"),
    rounds=(1, 1),
    limited_by="Maintenance every 5 s (three calls; every 15 s a fourth), a report of metrics every 15 s (one call),"
    " the doorbell's BLPOP every 10 s; the CPU is Dramatiq's threads, which wake once a second. Measured three times at"
    " once, in installations side by side, since there is nothing in which one could disturb the other.",
)
def idle(bench: Bench, peer: QueuePeer) -> Mapping[str, Sequence[float]]:
    with ExitStack() as ending:
        more = [ending.enter_context(Bench(bench.size)) for _ in range(bench.pick(0, 2, 2))]
        benches = [bench, *more]
        workers = [_start(one, peer) for one in benches]
        time.sleep(bench.pick(0.2, 16, 16))  # reports of metrics are frequent at first
        lasts_s = bench.pick(0.5, 15, 30)  # a multiple of the rounds of maintenance and of the reports
        cpu_s = [worker.cpu_s() for worker in workers]
        with ThreadPoolExecutor(len(benches)) as listeners:
            sent = list(listeners.map(lambda one: _commands(one.server.port, lasts_s), benches))
        cpu_s = [worker.cpu_s() - before for worker, before in zip(workers, cpu_s, strict=True)]
    return {"commands": [n / lasts_s for n in sent], "cpu": [s / lasts_s * 1000 for s in cpu_s]}


def _start(bench: Bench, peer: QueuePeer) -> Process:
    """An idle worker on a server of its own."""
    bench.hand(peer.hand("prepare"))
    worker, client = bench.start(peer.worker(1, 8)), bench.client()
    bench.wait_until(lambda: sum(client.execute_command(*command) for command in peer.left()) == 0, "it to be idle")
    return worker


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
