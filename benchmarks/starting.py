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
    limited_by="Importing: for help click alone, over Redis its client (half of it), Dramatiq, marshmallow and the"
    " tasks. What tasks of your own import comes on top, and in the very first start after an update of a clone, Python"
    " compiles the files.",
)
def starting(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    count, compiled = bench.pick(1, 5, 15), str(bench.folder / "compiled")

    def run(words: list[str]) -> None:
        # What a package manager, an image or the first start has compiled is there, whatever this run's shell says.
        command = [PYTHON, "-m", "cli", *words]
        bench.start(command, PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=compiled).wait()

    for words in FIGURES.values():
        run(words)
    return {name: median(timed(partial(run, words), count)) for name, words in FIGURES.items()}
