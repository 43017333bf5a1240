"""What the lines of jobs cost: LastIn with ``LOG_JOBS=all``, and with ``none``."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import turns
from .driver.bench import Bench
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers.with_lastin import PEER as TELLING
from .peers.with_lastin_silent import PEER as SILENT


@measure(
    "job-lines",
    "No-op jobs, 1 process × 8 threads, with a line of JSON for each (LOG_JOBS=all) and without (none)",
    figures=turns.FIGURES,
    rounds=(3, 9),
    limited_by="Putting the line together, in a thread that has no call to Redis in its hands, and writing it: lines of"
    " jobs that were settled in one call are written at once. Two workers, on a server each, take turns of a quarter of"
    " a second.",
)
def job_lines(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    return turns.compared(bench, TELLING, SILENT)
