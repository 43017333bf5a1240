"""Chaos: the real system under load, and one fault after the other; after each, every job is accounted for.

``python -m tests.chaos --rounds 5``; exit status 1: something is wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from ..proof.soak_result import keep
from . import of_everything, of_network, of_processes, of_redis  # noqa: F401 -- they declare scenarios
from .of_failovers import play_failovers
from .played import Played
from .result import found_in, line
from .scenarios import SCENARIOS
from .stage import Stage
from .system import LEASE_S

LOGS = Path("build") / "chaos"
"""Where the logs of the processes go after a round with faults."""


def play(names: list[str], rounds: int) -> dict[str, Any]:
    """Play these scenarios, one after the other, in so many rounds, each with a system of its own; what was found."""
    played: defaultdict[str, list[Played]] = defaultdict(list)
    began = time.monotonic()

    def note(name: str, one: Played) -> None:
        one.faults.extend(SCENARIOS[name].late(one.recovery_s))
        played[name].append(one)
        print(line(name, one), *(f"  FAULT: {fault}" for fault in one.faults), sep="\n", flush=True)

    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="lastin-chaos-") as folder:
            with Stage(Path(folder), seed=number) as stage:
                server = stage.system.server_version()
                for name in names:
                    if (inject := SCENARIOS[name].inject) is not None:
                        note(name, stage.play(inject, SCENARIOS[name].explains))
            for name, one in play_failovers(Path(folder) / "failovers", names).items():
                note(name, one)
            if any(rounds_of[-1].faults for rounds_of in played.values()):
                _keep_logs(Path(folder))
    took_s = round(time.monotonic() - began, 1)
    load = round(os.getloadavg()[2], 1)
    return {"server": server, "seconds": took_s, "load_average": load, **found_in(played, SCENARIOS)}


def _keep_logs(folder: Path) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, LOGS)
    print(f"The logs of the processes are in {LOGS}.")


def main() -> int:
    """Chaos, by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--result", type=Path, metavar="FILE", help="keep what was found there, as JSON")
    asked = parser.parse_args()
    logging.getLogger("middleware").setLevel(logging.ERROR)  # the kills are ours
    found = play(asked.only, asked.rounds)
    settings = {"rounds": asked.rounds, "lease_s": LEASE_S, "server": found.pop("server")}
    if asked.result is not None:
        keep(asked.result, found, settings)
    print(
        f"{len(found['scenarios'])} scenarios in {found['seconds']:.0f} s, {found['jobs']:,} jobs: "
        f"{len(found['faults'])} faults."
    )
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
