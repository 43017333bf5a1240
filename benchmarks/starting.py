"""The command line: from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from .driver.bench import PYTHON, Bench
from .driver.figures import Figure, median, timed
from .driver.measures import measure
from .driver.peer import QueuePeer

FIGURES = {"help": ["--help"], "jobs over Redis": ["jobs"]}


@measure(
    "starting",
    "The command lastin, from its start to its end",
    figures=[Figure(name, "s") for name in FIGURES],
    rounds=(3, 5),
    limited_by="Importing: for help click alone, over Redis its client, Dramatiq and the tasks. What tasks of your own"
    " import comes on top.",
)
def starting(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    count = bench.pick(1, 5, 15)

    def run(words: list[str]) -> None:
        bench.start([PYTHON, "-m", "cli", *words]).wait()

    return {name: median(timed(partial(run, words), count)) for name, words in FIGURES.items()}
