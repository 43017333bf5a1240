"""Freshness under overload: twice as many jobs as the workers can run, and how many of all start within a second."""

from __future__ import annotations

import time
from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure, at_least
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers import journal

WORK_MS = 40
THREADS = 8
RATE = 2 * THREADS * 1000 / WORK_MS


@measure(
    "overload",
    "Jobs started within a second, at twice the capacity",
    figures=[Figure("fresh", "% of all jobs", at_least(48), at_least(49.5))],
    contestants=("lastin", "dramatiq", "bullmq"),
    rounds=(1, 3),
    limited_by="50 % is the ideal: the capacity divided by what arrives. What is lacking is the time between the end of"
    " a job and the start of the next one in its thread.",
)
def overload(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    bench.hand(peer.hand("prepare"))
    bench.start(peer.worker(1, THREADS), BENCH_JOURNAL=str(bench.journal))
    warm = bench.hand(peer.hand("pace", 20, 0.5, 0))["sent"]
    bench.wait_until(lambda: len(journal.read(bench.journal)) >= warm, "the workers to be there")
    sent = bench.hand(peer.hand("pace", RATE, bench.pick(0.5, 8, 20), WORK_MS))["sent"]
    time.sleep(1)
    fresh = sum(started - due <= 1_000_000_000 for due, started in journal.read(bench.journal)[warm:])
    return {"fresh": 100 * fresh / sent}
