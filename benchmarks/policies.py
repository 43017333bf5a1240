"""What policies cost where they are on: LastIn with groups, or with all of them, and LastIn with none."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import turns
from .driver.bench import Bench
from .driver.measures import measure
from .driver.peer import QueuePeer
from .peers.with_lastin import PEER as PLAIN
from .peers.with_lastin_groups import PEER as GROUPED
from .peers.with_lastin_policies import PEER as ALL


@measure(
    "groups-on",
    "No-op jobs, 1 process × 8 threads, of 20 groups that take turns, with bounds, and without any",
    figures=turns.FIGURES,
    rounds=(3, 9),
    limited_by="Each claim reads whose turn it is and what is left in that group, some three commands in the script."
    " Two workers, on a server each, take turns of a quarter of a second.",
)
def groups_on(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    return turns.compared(bench, GROUPED, PLAIN)


@measure(
    "policies-on",
    "The same with a deadline, a subject and a time of generation for each job as well",
    figures=turns.FIGURES,
    rounds=(3, 9),
    limited_by="As before; each job is also in the index of deadlines and in that of subjects, which it leaves.",
)
def policies_on(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    return turns.compared(bench, ALL, PLAIN)
