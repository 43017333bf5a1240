"""Failovers by Sentinel, under a load of their own (``tests/replication/failovers.py``): the primary of three servers
dies or hangs, with ``WAIT_REPLICAS=1``. What a failover by order costs is in docs/decisions/0035."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

from ..replication.failovers import prove
from ..sentinel import Fault
from .played import Played
from .scenarios import SCENARIOS, Scenario

MEASURED = "requests are accepted and jobs run again, Sentinel's 0.5 s of waiting included"
TITLES: dict[Fault, str] = {
    "kill": "The primary of three servers is killed with -9: Sentinel makes a replica the primary",
    "stop": "The primary stands still (SIGSTOP): the same",
}
FAULTS: dict[str, Fault] = {f"failover-{fault}": fault for fault in TITLES}
SCENARIOS.update(
    {name: Scenario(name, TITLES[fault], MEASURED, None, frozenset(), inject=None) for name, fault in FAULTS.items()}
)


def play_failovers(folder: Path, names: list[str]) -> dict[str, Played]:
    """Play those among these scenarios that are failovers. What isn't known of one by itself stands with the first."""
    wanted = [name for name in names if name in FAULTS]
    if not wanted:
        return {}
    folder.mkdir()
    with redirect_stdout(io.StringIO()):  # the log of the web process
        found = prove(folder, [FAULTS[name] for name in wanted])
    faults = [*found.faults, *(f"accepted and lost: {id}" for id in found.lost)]
    faults += [f"{id} didn't end" for id in found.unfinished]
    if found.threads_leaked:
        faults.append(f"{found.threads_leaked} threads of a worker were lost")
    played = {
        name: Played(max(accepts_s, runs_s), [], jobs=0, claims=0)
        for name, accepts_s, runs_s in zip(wanted, found.accepts_s, found.runs_s, strict=True)
    }
    played[wanted[0]] = Played(
        played[wanted[0]].recovery_s,
        faults,
        jobs=found.acknowledged,
        claims=found.acknowledged + found.twice,
        duplicates={"its claim or its settlement was lost with a primary": found.twice} if found.twice else {},
        refused={"answered with 503": found.refused} if found.refused else {},
    )
    return played
