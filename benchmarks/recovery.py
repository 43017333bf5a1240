"""How soon work goes on after a worker or Redis died."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers import journal


@measure(
    "worker-dies",
    "A job of a worker that was killed runs again, with a lease of 1 s",
    figures=[Figure("from its death", "s")],
    rounds=(3, 5),
    limited_by="The lease, here 1 s (LEASE_S is 15 s by default): it runs from the worker's last beat, and whoever"
    " lives reclaims the job when it ends. The figure is the worst of several deaths, each at another moment.",
)
def worker_dies(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    settings = {"LEASE_S": "1", "BENCH_JOURNAL": str(bench.journal)}
    deaths = bench.pick(1, 3, 5)
    bench.hand(peer.hand("prepare"))
    doomed = [bench.start(peer.worker(1, 1), **settings) for _ in range(deaths)]
    _send(bench, peer, jobs=deaths, work_ms=60_000)
    _wait_for(bench, deaths)
    bench.start(peer.worker(1, 8), **settings)
    _send(bench, peer, jobs=1, work_ms=0)
    _wait_for(bench, deaths + 1)  # the worker that takes over is there
    took_s = []
    for before, worker in enumerate(doomed, deaths + 1):
        worker.kill()
        killed_at = time.monotonic_ns()
        _wait_for(bench, before + 1)
        took_s.append((journal.read(bench.journal)[before][1] - killed_at) / 1e9)
    return {"from its death": max(took_s)}


@measure(
    "redis-dies",
    "Redis was killed, and is back after longer than a lease",
    figures=[Figure("first claim", "s"), Figure("duplicates", "jobs")],
    rounds=(3, 5),
    limited_by="The pause between two tries to connect, which grows to 0.25 s.",
)
def redis_dies(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    jobs = 40
    bench.hand(peer.hand("prepare"))
    _send(bench, peer, jobs=jobs, work_ms=100)
    bench.start(peer.worker(1, 4), LEASE_S="1", BENCH_JOURNAL=str(bench.journal))
    _wait_for(bench, jobs // 4)
    bench.server.kill()
    time.sleep(bench.pick(1.5, 2.5, 2.5))
    bench.server.start()
    back_at = time.monotonic_ns()
    _wait_for(bench, jobs)
    time.sleep(1.5)  # whatever would run twice has its chance
    starts = journal.read(bench.journal)
    first = min(started for _, started in starts if started > back_at)
    twice = sum(times - 1 for times in Counter(due for due, _ in starts).values())
    return {"first claim": (first - back_at) / 1e9, "duplicates": twice}


def _send(bench: Bench, peer: QueuePeer, *, jobs: int, work_ms: float) -> None:
    bench.hand(peer.hand("pace", 1000, jobs / 1000, work_ms))


def _wait_for(bench: Bench, starts: int) -> None:
    bench.wait_until(lambda: len(journal.read(bench.journal)) >= starts, f"{starts} starts in the journal")
