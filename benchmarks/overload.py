"""Freshness under overload: twice as many jobs as the workers can run, and how many of them start within a second,
beside an ideal LIFO that is given the same arrivals and the same work."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.ideal import newest_first
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers import journal

WORK_MS = 40
THREADS = 8
RATE = 2 * THREADS * 1000 / WORK_MS
FRESH_NS = 1_000_000_000


@measure(
    "overload",
    "Jobs started within a second, at twice the capacity",
    figures=[Figure("fresh", "% of all jobs"), Figure("ideal", "% of all jobs"), Figure("of the ideal", "%")],
    contestants=("lastin", "dramatiq", "bullmq"),
    rounds=(3, 5),
    limited_by="The steady state counts: the first 2.5 s of arrivals (full: 5 s), in which also a FIFO is fresh, are"
    " left out, and the last one, after which nothing new arrives. The ideal works for exactly 40 ms a job and loses"
    " no time between two jobs; what is lacking is that time.",
)
def overload(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    begins_s, lasts_s, ends_s = bench.pick((0.1, 0.3, 0.1), (2.5, 4.5, 1), (5, 20, 1))
    bench.hand(peer.hand("prepare"))
    bench.start(peer.worker(1, THREADS), BENCH_JOURNAL=str(bench.journal))
    warm = bench.hand(peer.hand("pace", 20, 0.5, 0))["sent"]
    bench.wait_until(lambda: len(journal.read(bench.journal)) >= warm, "the workers to be there")
    arrivals = bench.hand(peer.hand("pace", RATE, begins_s + lasts_s + ends_s, WORK_MS))["stamps"]
    time.sleep(FRESH_NS / 1e9)
    begin = arrivals[0] + begins_s * 1e9
    steady = {at for at in arrivals if begin <= at < begin + lasts_s * 1e9}

    def fresh(starts: list[tuple[int, int]]) -> float:
        return 100 * sum(due in steady and at - due <= FRESH_NS for due, at in starts) / len(steady)

    real, ideal = fresh(journal.read(bench.journal)), fresh(newest_first(arrivals, THREADS, WORK_MS * 1_000_000))
    return {"fresh": real, "ideal": ideal, "of the ideal": 100 * real / ideal}
