"""LastIn without metrics and log records, to see what they cost."""

from __future__ import annotations

from .with_lastin import LastIn


class Unobserved(LastIn):
    name = "lastin-unobserved"
    title = "LastIn, unobserved"
    setting = "without the middleware of metrics and of logs"

    def worker(self, processes: int, threads: int) -> list[str]:
        tasks, unobserved = "benchmarks.peers.lastin_tasks", "benchmarks.peers.lastin_unobserved_tasks"
        return [unobserved if word == tasks else word for word in super().worker(processes, threads)]


PEER = Unobserved()
