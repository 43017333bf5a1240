"""What a body costs a web process that is made to cost much."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from .driver.bench import Bench
from .driver.bodies import KINDS
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer

LARGEST_BATCH = 8 * 2**20
"""``MAX_BATCH_BYTES``, unless it is set."""


@measure(
    "hostile",
    f"The costliest of {len(KINDS)} kinds of bodies, 8 MiB of each",
    figures=[
        Figure("memory", "MiB"),
        Figure("memory of a byte", "bytes"),
        Figure("cpu", "s"),
    ],
    rounds=(1, 1),
    limited_by="A text with one wide character takes four bytes a character in Python, beside its bytes and orjson's"
    " copy; escapes are looked through three times.",
)
def hostile(bench: Bench, _: QueuePeer) -> Mapping[str, Sequence[float]]:
    size = bench.pick(2**17, LARGEST_BATCH, LARGEST_BATCH)

    def cost(kind: str) -> Mapping[str, float]:
        command = [sys.executable, "-m", "benchmarks.driver.bodies", "/v1/jobs/batch", kind, str(size)]
        return bench.hand(command)

    costs = {kind: cost(kind) for kind in list(KINDS)[: bench.pick(3, len(KINDS), len(KINDS))]}

    def of_the_costliest(what: str) -> list[float]:
        """Once among all kinds, and twice more."""
        costliest = max(costs, key=lambda kind: costs[kind][what])
        return [costs[costliest][what], *(cost(costliest)[what] for _ in range(2))]

    memory = of_the_costliest("mb")
    return {
        "memory": memory,
        "memory of a byte": [mb * 2**20 / size for mb in memory],
        "cpu": of_the_costliest("cpu_s"),
    }
