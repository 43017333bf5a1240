"""How late delayed jobs start: from the time when they fall due."""

from __future__ import annotations

from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure, percentile
from .driver.hand import WARMING_UP
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers import journal


@measure(
    "delays",
    "Lateness of delayed jobs",
    figures=[Figure("p50", "ms"), Figure("p99", "ms")],
    contestants=("lastin", "dramatiq"),
    rounds=(3, 5),
    limited_by="The maintenance thread sleeps until the next job falls due; then it is as an idle pick-up.",
)
def delays(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    count = bench.pick(10, 200, 1000)
    bench.hand(peer.hand("prepare"))
    bench.start(peer.worker(1, 8), BENCH_JOURNAL=str(bench.journal))
    bench.hand(peer.hand("delayed", count, 1000, bench.pick(100, 1500, 8000)))
    bench.wait_until(lambda: len(journal.read(bench.journal)) >= WARMING_UP + count, f"{count} starts in the journal")
    late = [(started - due) / 1e6 for due, started in sorted(journal.read(bench.journal))[WARMING_UP:]]
    return {"p50": percentile(late, 0.5), "p99": percentile(late, 0.99)}
