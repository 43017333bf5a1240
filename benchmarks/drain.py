"""How many jobs a second workers get through, with all their records, when there are more than enough."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer

QUEUES = ("lastin", "dramatiq", "bullmq", "huey", "saq", "celery", "rq")
STOCK = ("lastin", "dramatiq", "dramatiq-tuned")
OTHERS = ("lastin", "huey", "huey-tuned", "saq", "saq-tuned", "celery", "celery-tuned", "rq", "rq-tuned")
BULLMQ = ("bullmq", "bullmq-tuned")
SHARES = {(1, 1): 0.6, (1, 8): 1.0, (2, 8): 1.8}
"""Of a peer's rate, what these workers get through at most."""
FIGURES = [Figure("rate", "jobs/s"), Figure("cpu", "µs of CPU of the workers a job")]
PYTHON_LIMIT = (
    "The interpreter: one process runs Python code on one core at a time, and most of it is Dramatiq's own path through"
    " its work queue and its middleware."
)


def drained(bench: Bench, peer: QueuePeer, processes: int, threads: int, task: str = "noop") -> Mapping[str, float]:
    """Jobs a second, and the workers' CPU for each, between the first jobs and the last, so that starting up doesn't
    count."""
    client = bench.client()
    warming_s = bench.pick(0, 0.6 + peer.starting_s, 1.0 + peer.starting_s)
    lasts_s = bench.pick(0.2, 1.3, 4.0)
    count = int(peer.rate * SHARES[processes, threads] * (0.4 + warming_s + lasts_s))
    bench.hand(peer.hand("fill", count, task))
    commands = peer.left()

    def left() -> int:
        with client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return int(sum(pipe.execute()))

    workers = bench.start(peer.worker(processes, threads))
    filled = left()
    bench.wait_until(lambda: left() < filled, f"{peer.title} to begin")
    time.sleep(warming_s)  # until all processes are at it, and warm
    begin, at_begin, cpu_s = time.perf_counter(), left(), workers.cpu_s()
    end, at_end = begin, at_begin
    while end < begin + lasts_s and at_end > 0:
        time.sleep(0.02)
        end, at_end = time.perf_counter(), left()
    done = at_begin - at_end
    if done <= 0:
        raise RuntimeError(f"{count} jobs were done before the measuring began: raise the rate of {peer.name}")
    return {"rate": done / (end - begin), "cpu": (workers.cpu_s() - cpu_s) / done * 1e6}


@measure(
    "drain-1x1",
    "No-op jobs, 1 process × 1 thread",
    figures=FIGURES,
    contestants=STOCK,
    limited_by="One round trip to Redis a job: a single thread settles a job and claims the next one in one call.",
)
def drain_1x1(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 1)


@measure(
    "drain-1x8",
    "No-op jobs, 1 process × 8 threads",
    figures=FIGURES,
    contestants=(*STOCK, *BULLMQ),
    limited_by=PYTHON_LIMIT,
)
def drain_1x8(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8)


@measure(
    "drain-2x8",
    "No-op jobs, 2 processes × 8 threads",
    figures=FIGURES,
    contestants=STOCK,
    limited_by="On two cores the workers share them with Redis, which needs about a quarter of one.",
)
def drain_2x8(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 2, 8)


@measure(
    "drain-call",
    "Jobs that do one INCR in Redis, 1 process × 8 threads",
    figures=FIGURES,
    contestants=(*STOCK, *BULLMQ),
    limited_by="The call itself takes the interpreter for about as long as the job's own way through the worker.",
)
def drain_call(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8, "call")


@measure(
    "drain-others",
    "No-op jobs, 8 at once, beside other queues",
    figures=FIGURES,
    contestants=OTHERS,
    rounds=(1, 3),
    only_full=True,
    limited_by=PYTHON_LIMIT,
)
def drain_others(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8)


@measure(
    "drain-call-others",
    "Jobs that do one INCR in Redis, 8 at once, beside other queues",
    figures=FIGURES,
    contestants=OTHERS,
    rounds=(1, 3),
    only_full=True,
    limited_by="As before.",
)
def drain_call_others(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 1, 8, "call")


@measure(
    "drain-pinned",
    "No-op jobs, 2 processes × 8 threads, with each process bound to a core and without",
    figures=FIGURES,
    contestants=("lastin", "lastin-pinned"),
    rounds=(1, 3),
    only_full=True,
    limited_by="As for 2 × 8: who is bound to a core can't go away from a neighbour on it.",
)
def drain_pinned(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    return drained(bench, peer, 2, 8)
