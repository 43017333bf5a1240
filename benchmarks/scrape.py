"""What a scrape of a large service costs."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping

from middleware.commands import keys

from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure, percentile, timed
from .driver.measures import measure
from .driver.peer import QueuePeer
from .driver.web import Service
from .peers.with_lastin_web import PEER as LASTIN

QUEUES = 10


@measure(
    "scrape",
    "GET /metrics with ten queues and 100,000 jobs (quick) or 1,000,000 (full)",
    figures=[Figure("p50", "ms"), Figure("p99", "ms")],
    rounds=(3, 3),
    limited_by="Writing some hundred lines in Python; what Redis does for it is the same whatever the queues hold.",
)
def scrape(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    service, client = Service(bench, LASTIN), bench.client()
    for number in range(QUEUES):
        name = f"queue-{number}"
        client.sadd(keys.queues(), name)
        scripts = stacks.scripts_of(bench, name)
        stacks.accept(scripts, bench.pick(100, 10_000, 100_000))
        stacks.finish(scripts, bench.pick(10, 1_000, 1_000))

    def ask() -> None:
        with urllib.request.urlopen(f"{service.url}/metrics", timeout=10) as answer:
            answer.read()

    times = timed(ask, bench.pick(3, 40, 100))
    return {"p50": percentile(times, 0.5) * 1000, "p99": percentile(times, 0.99) * 1000}
