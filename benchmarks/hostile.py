"""What a body costs a web process that is made to cost much."""

from __future__ import annotations

import sys
from collections.abc import Mapping

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
    rounds=(3, 3),
    limited_by="A text with one wide character takes four bytes a character in Python, beside its bytes and orjson's"
    " copy; escapes are looked through three times.",
)
def hostile(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    size = bench.pick(2**17, LARGEST_BATCH, LARGEST_BATCH)
    kinds = list(KINDS)[: bench.pick(3, len(KINDS), len(KINDS))]
    costs = [
        bench.hand([sys.executable, "-m", "benchmarks.driver.bodies", "/v1/jobs/batch", kind, str(size)])
        for kind in kinds
    ]
    memory = max(cost["mb"] for cost in costs)
    return {
        "memory": memory,
        "memory of a byte": memory * 2**20 / size,
        "cpu": max(cost["cpu_s"] for cost in costs),
    }
