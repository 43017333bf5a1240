"""Failovers under load: nothing that was acknowledged is lost, and no thread of a worker.

``python -m tests.replication.failovers --times 10`` prints what it found as JSON; exit status 1: something is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

from middleware.broker import LifoBroker
from middleware.diagnosis.audit import audit_all
from middleware.redis_link.link import Link

from ..api.client import Client
from ..api.conftest import running_api
from ..sentinel import Fault, WatchedServers
from ..service import python_running, wait_until, whole_lines
from .failover_load import Load, longest_gap

THREADS = 8
SERVE = """
from api.server import make_server
from middleware.settings import load
make_server(load(), "127.0.0.1", "tests.replication.failover_tasks:application").serve()
"""
SETTINGS = {
    "CADENCE_DEFAULT_MODE": "continuous",
    "WORKER_METRICS_PORT": "0",
    "LOG_JOBS": "failed",
    "LOG_LEVEL": "WARNING",
    "LEASE_S": "5",
}
LOAD_S = 1.0
"""How long all are at work before a failover, and after it."""
DRAIN_PATIENCE_S = 90


@dataclass
class Findings:
    """What came of it. ``accepts_s`` and ``runs_s``: for how long no accept was acknowledged around each failover, and
    no job begun; ``refused``: requests that were answered 503, and repeated; ``twice``: jobs that ran again."""

    failovers: list[str] = field(default_factory=list)
    accepts_s: list[float] = field(default_factory=list)
    runs_s: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: int = 0
    twice: int = 0
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    threads_leaked: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether all that was promised holds."""
        return not (self.lost or self.unfinished or self.threads_leaked or self.faults)


class Journal:
    """What the tasks have written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()

    def lines(self, word: str) -> list[tuple[float, str]]:
        """When, and the name, of each line with this word."""
        rows = [line.split(" ", 2) for line in whole_lines(self.file.read_text(encoding="utf-8"))]
        return [(float(at), name) for at, found, name in rows if found == word]


def prove(folder: Path, faults: Sequence[Fault], *, replicas: int = 2, wait_replicas: int = 1) -> Findings:
    """Make the primary fail in these ways, one after the other, while clients submit and a worker works."""
    found, journal = Findings(), Journal(folder / "journal")
    with WatchedServers(folder / "watched", replicas=replicas) as servers:
        environment = servers.settings | SETTINGS | {"JOURNAL": str(journal.file)}
        environment["WAIT_REPLICAS"] = str(wait_replicas)
        settings = servers.settings_of(wait_replicas=wait_replicas)
        broker = LifoBroker(url=settings.redis_url, settings=settings, middleware=[], patience_s=1)
        broker.declare_queue("default")
        with (
            running_api(settings.redis_url, folder / "web.log", environment, serve=SERVE) as api,
            python_running(folder / "scheduler.log", environment, "-m", "scheduler"),
            python_running(folder / "worker.log", environment, *_worker()),
        ):
            load = Load(api, broker)
            load.start()
            wait_until(lambda: journal.lines("ran"), "the first job to run")
            for fault in faults:
                time.sleep(LOAD_S)
                began = time.monotonic()
                servers.fail_over(fault)
                if replicas == wait_replicas:  # nothing is accepted before all replicas are back
                    servers.repair()
                _settle_down(load, journal)
                ended = time.monotonic()
                found.failovers.append(fault)
                found.accepts_s.append(round(longest_gap(load.acknowledged_at, began - 0.1, ended), 2))
                found.runs_s.append(round(longest_gap([at for at, _ in journal.lines("ran")], began - 0.1, ended), 2))
                servers.repair()
            time.sleep(LOAD_S)
            load.stop()
            _look(found, load, journal, broker)
            found.threads_leaked = THREADS - _threads_at_once(api, journal, folder / "let-go")
        broker.close()
        link = Link(settings.redis_address, timeout_s=5)
        found.faults = [fault for of_queue in audit_all(link) for fault in of_queue.faults]
        link.close()
    return found


def _settle_down(load: Load, journal: Journal) -> None:
    """Wait until requests are acknowledged and jobs run again, and let that go on for a moment."""
    since = time.monotonic()
    wait_until(lambda: load.acknowledged_at[-1] > since, "an accept to be acknowledged after the failover")
    wait_until(lambda: journal.lines("ran")[-1][0] > since, "a job to run after the failover")
    time.sleep(LOAD_S)


def _look(found: Findings, load: Load, journal: Journal, broker: LifoBroker) -> None:
    acknowledged = load.acknowledged | {id for _, id in journal.lines("sent")}
    found.acknowledged, found.refused = len(acknowledged), load.refused
    found.lost = sorted(id for id in acknowledged if broker.store.get(id) is None)

    def unfinished() -> list[str]:
        ids = {"default": sorted(acknowledged - set(found.lost))}
        return sorted(acknowledged - set(found.lost) - {id for _, id in broker.store.ended_among(ids)})

    deadline = time.monotonic() + DRAIN_PATIENCE_S
    while (left := unfinished()) and time.monotonic() < deadline:
        time.sleep(0.2)
    found.unfinished = left
    found.twice = sum(times > 1 for times in Counter(name for _, name in journal.lines("ran")).values())


def _threads_at_once(api: Client, journal: Journal, let_go: Path) -> int:
    """How many jobs the worker runs at the same time, out of as many as it has threads."""
    for number in range(THREADS):
        api.post_job({"task": "hold", "payload": {"name": str(number), "until": str(let_go)}})
    deadline = time.monotonic() + 60
    while (held := len({name for _, name in journal.lines("holds")})) < THREADS and time.monotonic() < deadline:
        time.sleep(0.05)
    let_go.touch()
    return held


def _worker() -> list[str]:
    return ["-m", "dramatiq", "tests.replication.failover_tasks", "--processes", "1", "--threads", str(THREADS)]


def main() -> int:
    """Exit status: 0; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.replication.failovers", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="how many failovers (10)")
    parser.add_argument("--replicas", type=int, default=2, help="how many replicas (2)")
    parser.add_argument("--wait-replicas", type=int, default=1, help="WAIT_REPLICAS (1)")
    parser.add_argument("--faults", default="kill,stop", help="kinds, in turn: kill, stop, order (kill,stop)")
    parser.add_argument("--keep", type=Path, help="a folder for logs; else they go to a temporary one")
    options = parser.parse_args()
    faults = list(islice(cycle(options.faults.split(",")), options.times))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = prove(folder, faults, replicas=options.replicas, wait_replicas=options.wait_replicas)
    print(json.dumps(asdict(found)))
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
