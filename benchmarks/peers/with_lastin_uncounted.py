"""LastIn without Dramatiq's Prometheus middleware, to see what that costs."""

from __future__ import annotations

from .with_lastin import LastIn


class Uncounted(LastIn):
    name = "lastin-uncounted"
    title = "LastIn, uncounted"

    def worker(self, processes: int, threads: int) -> list[str]:
        tasks, uncounted = "benchmarks.peers.lastin_tasks", "benchmarks.peers.lastin_uncounted_tasks"
        return [uncounted if word == tasks else word for word in super().worker(processes, threads)]


PEER = Uncounted()
