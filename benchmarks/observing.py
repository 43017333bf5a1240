"""What it costs that work can be watched: LastIn with its metrics and log records, and without both."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import turns
from .driver.bench import Bench
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers.with_lastin import PEER as OBSERVED
from .peers.with_lastin_unobserved import PEER as UNOBSERVED


@measure(
    "observing",
    "No-op jobs, 1 process × 8 threads, with metrics and log records and without both",
    figures=turns.FIGURES,
    rounds=(3, 9),
    limited_by="Some additions a job in the thread that ran it; the metrics are written once a second. Two workers, on"
    " a server each, take turns of a quarter of a second. What the scripts count as they move a job (its record, the"
    " samples, the counters of tasks) belongs to the move, and can't be switched off.",
)
def observing(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    return turns.compared(bench, OBSERVED, UNOBSERVED)
