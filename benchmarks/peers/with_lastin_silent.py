"""LastIn with ``LOG_JOBS=none``, to see what a line for each job costs."""

from __future__ import annotations

from .with_lastin import LastIn


class Silent(LastIn):
    name = "lastin-silent"
    title = "LastIn, LOG_JOBS=none"
    setting = "LOG_JOBS=none"

    def worker(self, processes: int, threads: int) -> list[str]:
        return ["env", "LOG_JOBS=none", *super().worker(processes, threads)]


PEER = Silent()
