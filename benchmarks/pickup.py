"""How soon an idle worker starts a job: from just before it is sent to the first line of its task."""

from __future__ import annotations

from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure, percentile
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers import journal


@measure(
    "pickup",
    "Idle pick-up, from sending to start",
    figures=[
        Figure("p50", "ms"),
        Figure("p99", "ms"),
        Figure("after silence", "ms"),
    ],
    contestants=("lastin", "dramatiq", "dramatiq-tuned", "bullmq", "huey", "saq"),
    rounds=(3, 5),
    limited_by="Two round trips (to accept, to claim) and three threads that have to be woken: the operating system's"
    " scheduling is most of it.",
)
def pickup(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    bench.hand(peer.hand("prepare"))
    bench.start(peer.worker(1, 8), BENCH_JOURNAL=str(bench.journal))
    warm = _started(bench, peer, 0, rate=5, seconds=0.5)
    busy = _started(bench, peer, warm, rate=100, seconds=bench.pick(0.2, 2, 6))
    silent = _started(bench, peer, busy, rate=0.7, seconds=bench.pick(1.5, 2.9, 15))
    waits = [(started - due) / 1e6 for due, started in journal.read(bench.journal)]
    return {
        "p50": percentile(waits[warm:busy], 0.5),
        "p99": percentile(waits[warm:busy], 0.99),
        "after silence": percentile(waits[busy:silent], 0.5),
    }


def _started(bench: Bench, peer: QueuePeer, before: int, *, rate: float, seconds: float) -> int:
    """Send jobs at this rate and wait until all have started; how many have by then."""
    expected = before + bench.hand(peer.hand("pace", rate, seconds, 0))["sent"]
    bench.wait_until(lambda: len(journal.read(bench.journal)) >= expected, f"{expected} starts in the journal")
    return int(expected)
