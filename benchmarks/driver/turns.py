"""Two settings of LastIn, side by side: a worker of each, which take turns of a quarter of a second, so that whatever
else happens on the machine happens to both."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .bench import Bench
from .figures import Figure, median
from .peer import QueuePeer
from .processes import Process

THREADS = 8
SLICE_S = 0.25
FIGURES = [
    Figure("share", "% of the rate without"),
    Figure("with", "jobs/s"),
    Figure("without", "jobs/s"),
    Figure("cpu", "% of the workers' CPU a job without"),
]


def compared(bench: Bench, having: QueuePeer, lacking: QueuePeer) -> Mapping[str, float]:
    """The :data:`FIGURES` of one with something beside one without it."""
    slices = bench.pick(1, 12, 30)
    with Bench(bench.size) as other:
        both = [_Side(bench, having, slices), _Side(other, lacking, slices)]
        for side in both:
            side.start()
        for number in range(slices):
            for side in both if number % 2 else reversed(both):
                side.work()
        for side in both:
            side.stop()
    watched, unwatched = (side.rates for side in both)
    share = median([a / b for a, b in zip(watched, unwatched, strict=True)])
    cpu = 100 * both[0].cpu_s_a_job() / both[1].cpu_s_a_job()
    return {"share": 100 * share, "with": median(watched), "without": median(unwatched), "cpu": cpu}


class _Side:
    """A worker that drains a stack of its own, slice by slice."""

    def __init__(self, bench: Bench, peer: QueuePeer, slices: int) -> None:
        self.rates: list[float] = []
        self._done, self._cpu_s = 0, 0.0
        self._bench, self._peer, self._client = bench, peer, bench.client()
        self._count = int(peer.rate * (1 + SLICE_S * slices))
        bench.hand(peer.hand("fill", self._count, "noop"))

    def start(self) -> None:
        """Start it, let it become warm, and let it stand still."""
        self._worker = self._bench.start(self._peer.worker(1, THREADS))
        self._bench.wait_until(lambda: self._left() < self._count, "the workers to begin")
        time.sleep(self._bench.pick(0, 0.7, 1.0))
        self._worker.signal(signal.SIGSTOP)

    def stop(self) -> None:
        """A process that stands still can't be asked to end."""
        self._worker.kill()

    def work(self) -> None:
        """One slice."""
        with _going_on(self._worker):
            time.sleep(0.02)  # what arrived meanwhile is done
            begin, before, cpu_s = time.perf_counter(), self._left(), self._worker.cpu_s()
            time.sleep(SLICE_S)
            end, after, self._cpu_s = time.perf_counter(), self._left(), self._cpu_s + self._worker.cpu_s() - cpu_s
        if not after:
            raise RuntimeError(f"all {self._count} jobs are done: raise the rate of {self._peer.name}")
        self.rates.append((before - after) / (end - begin))
        self._done += before - after

    def cpu_s_a_job(self) -> float:
        """What the worker's processes used for each job of the slices."""
        return self._cpu_s / self._done

    def _left(self) -> int:
        return sum(self._client.execute_command(*command) for command in self._peer.left())


@contextmanager
def _going_on(worker: Process) -> Iterator[None]:
    worker.signal(signal.SIGCONT)
    try:
        yield
    finally:
        worker.signal(signal.SIGSTOP)
