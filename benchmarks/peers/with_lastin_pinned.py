"""LastIn with ``WORKER_PIN=1``: each worker process on a core of its own."""

from __future__ import annotations

from .with_lastin import LastIn


class Pinned(LastIn):
    name = "lastin-pinned"
    title = "LastIn, WORKER_PIN=1"
    setting = "WORKER_PIN=1"

    def worker(self, processes: int, threads: int) -> list[str]:
        return ["env", "WORKER_PIN=1", *super().worker(processes, threads)]


PEER = Pinned()
