"""How many no-op jobs a second workers get through, with all their records, when there are more than enough."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure, at_least
from .driver.measures import measure
from .driver.peer import QueuePeer

QUEUES = ("lastin", "dramatiq", "bullmq", "huey", "saq", "celery", "rq")
SHARES = {(1, 1): 0.25, (1, 8): 0.67, (2, 8): 1.0}
"""Of a peer's stock, what these workers get through in a round."""
STOCK = ("lastin", "dramatiq")
PINNED = "lastin-pinned"
CPU = Figure("cpu", "µs of CPU of the workers a job")
PYTHON_LIMIT = (
    "The interpreter: one process runs Python code on one core at a time, and most of it is Dramatiq's own path through"
    " its work queue and its middleware."
)


def drained(bench: Bench, peer: QueuePeer, processes: int, threads: int) -> Mapping[str, float]:
    """Jobs a second, and the workers' CPU for each, between the first jobs and the last, so that starting up doesn't
    count."""
    client = bench.client()
    most = int(peer.stock * SHARES[processes, threads])
    stock = bench.pick(min(2_000, most), most, 2 * most)
    bench.hand(peer.hand("fill", stock))
    commands = peer.left()

    def left() -> int:
        with client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return int(sum(pipe.execute()))

    workers = bench.start(peer.worker(processes, threads))
    filled = left()
    bench.wait_until(lambda: left() < filled, f"{peer.title} to begin")
    time.sleep(bench.pick(0, 0.7, 1.0))  # until all processes are at it, and warm
    begin, at_begin, cpu_s = time.perf_counter(), left(), workers.cpu_s()
    end, at_end = begin, at_begin
    lasts_s = bench.pick(0.2, 1.5, 4.0)
    while end < begin + lasts_s and at_end > 0:
        time.sleep(0.02)
        end, at_end = time.perf_counter(), left()
    done = at_begin - at_end
    if done <= 0:
        raise RuntimeError(f"{stock} jobs were done before the measuring began: raise the stock of {peer.name}")
    return {"rate": done / (end - begin), "cpu": (workers.cpu_s() - cpu_s) / done * 1e6}


@measure(
    "drain-1x1",
    "No-op jobs, 1 process × 1 thread",
    figures=[Figure("rate", "jobs/s", at_least(15, "dramatiq")), CPU],
    contestants=STOCK,
    limited_by="One round trip to Redis a job: a single thread settles a job and claims the next one in one call.",
)
def drain_1x1(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 1)


@measure(
    "drain-1x8",
    "No-op jobs, 1 process × 8 threads",
    figures=[Figure("rate", "jobs/s", at_least(2.5, "dramatiq"), at_least(1, "bullmq")), CPU],
    contestants=("lastin", "dramatiq", "bullmq", PINNED),
    limited_by=PYTHON_LIMIT,
)
def drain_1x8(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8)


@measure(
    "drain-others",
    "No-op jobs, 1 process with 8 at once, beside other queues",
    figures=[Figure("rate", "jobs/s"), CPU],
    contestants=("lastin", "huey", "saq", "celery", "rq"),
    rounds=(1, 3),
    limited_by=PYTHON_LIMIT,
)
def drain_others(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8)


@measure(
    "drain-2x8",
    "No-op jobs, 2 processes × 8 threads",
    figures=[Figure("rate", "jobs/s", at_least(1.5, "dramatiq"), at_least(2, "dramatiq")), CPU],
    contestants=(*STOCK, PINNED),
    limited_by="On two cores the workers share them with Redis, which needs about a quarter of one.",
)
def drain_2x8(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 2, 8)
