"""Freshness under overload: twice as many jobs as the workers can run, and how many of them start within a second,
beside an ideal LIFO that is given the same arrivals and the same work.

Then half of what the workers can run to three times as much, of jobs that have a deadline: what becomes of them in the
order FIFO, LIFO and adaptive."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import redis

from .driver import loads
from .driver.bench import Bench
from .driver.figures import Figure, percentile
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


SHORT_MS = 20
FEW_THREADS = 2
CAPACITY = FEW_THREADS * 1000 / SHORT_MS
LOOK_S = 0.5


def _offer(load: float) -> None:
    """Register the measure that offers so many times the capacity."""

    @measure(
        f"{loads.PREFIX}{load:g}",
        f"Jobs of {SHORT_MS} ms with a deadline of 1 s, at {load:g} × the capacity",
        figures=[
            Figure("offered", "× the capacity"),
            Figure("in time", "% of all jobs"),
            Figure("wait p50", "ms"),
            Figure("wait p99", "ms"),
            Figure("longest wait", "ms"),
            Figure("oldest age", "ms"),
        ],
        contestants=(*loads.NAMES, *([loads.OWN_FIFO] if load == loads.HALF else [])),
        rounds=(3, 5),
        only_full=True,
        limited_by=f"One process with {FEW_THREADS} threads, whose jobs sleep for {SHORT_MS} ms: they can run"
        f" {CAPACITY:g} a second, less what a thread needs from one job to the next. Jobs come at random times, the"
        " same for everybody. The first 2.5 s (full: 3 s) and the last one are left out.",
    )
    def offered(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
        begins_s, lasts_s, ends_s = bench.pick((0.1, 1.5, 0.1), (2.5, 3.5, 1), (3, 8, 1))
        bench.hand(peer.hand("prepare"))
        bench.start(peer.worker(1, FEW_THREADS), BENCH_JOURNAL=str(bench.journal))

        def is_there() -> bool:
            bench.hand(peer.hand("pace", 20, 0.5, 0))  # these have deadlines too: workers may come too late for them
            return len(journal.read(bench.journal)) > 0

        bench.wait_until(is_there, "the workers to be there")
        sending = bench.start(peer.hand("poisson", load * CAPACITY, begins_s + lasts_s + ends_s, SHORT_MS))
        client, ages_ms = bench.client(), []
        while sending.is_alive:
            ages_ms.append((time.monotonic_ns(), _oldest_age_ms(bench, client, peer)))
            time.sleep(LOOK_S)
        arrivals = sending.answer()["stamps"]
        time.sleep(FRESH_NS / 1e9)
        begin, end = arrivals[0] + begins_s * 1e9, arrivals[0] + (begins_s + lasts_s) * 1e9
        oldest = max(age_ms for at, age_ms in ages_ms if begin <= at < end)
        return _of_those(arrivals, journal.read(bench.journal), begin, end) | {"oldest age": oldest}


def _oldest_age_ms(bench: Bench, client: redis.Redis, peer: QueuePeer) -> float:
    sent_ms = peer.oldest_ms(client, {due for due, _ in journal.read(bench.journal)})
    return 0.0 if sent_ms is None else max(0.0, time.time() * 1000 - sent_ms)


def _of_those(arrivals: Sequence[int], starts: Sequence[tuple[int, int]], begin: float, end: float) -> dict[str, float]:
    """The figures of the jobs that came between these moments, and of those that started between them."""
    came = {at for at in arrivals if begin <= at < end}
    in_time = sum(due in came and at - due <= FRESH_NS for due, at in starts)
    waits_ms = [(at - due) / 1e6 for due, at in starts if begin <= at < end]
    return {
        "offered": len(came) / ((end - begin) / 1e9) / CAPACITY,
        "in time": 100 * in_time / len(came),
        "wait p50": percentile(waits_ms, 0.5),
        "wait p99": percentile(waits_ms, 0.99),
        "longest wait": max(waits_ms),
    }


for _load in loads.LOADS:
    _offer(_load)
