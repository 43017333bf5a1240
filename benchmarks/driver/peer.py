"""What can be measured, and how it registers: as ``PEER`` in a file ``benchmarks/peers/with_*.py`` of its own."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import benchmarks.peers

from .bench import SCRIPTS

RedisCommand = tuple[str, ...]


class Contestant:
    """Anything that has turns."""

    name: str
    title: str
    packages: Sequence[str] = ()
    """The distributions whose versions results tell."""
    modules: Sequence[str] = ()
    """What must be importable."""
    programs: Sequence[str] = ()
    """What must be on PATH or beside Python."""

    def missing(self) -> str | None:
        """Why it can't be measured here; None if it can."""
        lacking = [name for name in self.modules if importlib.util.find_spec(name) is None]
        lacking += [name for name in self.programs if not (shutil.which(name) or (SCRIPTS / name).exists())]
        return f"{' and '.join(lacking)} not installed" if lacking else None

    def versions(self) -> dict[str, str]:
        """Versions that can't be learned from Python's packages."""
        return {}


class QueuePeer(Contestant):
    """A job queue. Its tasks are ``noop``, which does nothing, and ``stamp(due_ns, work_ms)``, which writes its start
    to the journal (``peers/journal.py``) and works for a while.

    The first methods are called in the driver, and import nothing; the others in a process of their own, a *hand*
    (``hand.py``), where importing the queue's library is free.
    """

    stock = 40_000
    """So many no-op jobs keep two worker processes busy for a round of draining."""
    can_delay = False

    def worker(self, processes: int, threads: int) -> list[str]:
        """The command that starts workers, with this many threads in each process."""
        raise NotImplementedError

    def left(self) -> Sequence[RedisCommand]:
        """Commands whose answers add up to the number of jobs that wait or run."""
        raise NotImplementedError

    def hand(self, verb: str, *words: object) -> list[str]:
        """The command that does something with this queue: see ``hand.py``."""
        return [sys.executable, "-m", "benchmarks.driver.hand", self.name, verb, *map(str, words)]

    def prepare(self) -> None:
        """Connect, and whatever must be done once before jobs are sent."""

    def send(self) -> None:
        """Send one no-op job, as a program would."""
        raise NotImplementedError

    def send_many(self, count: int) -> None:
        """Send so many no-op jobs in the fastest way that the library offers."""
        for _ in range(count):
            self.send()

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        """Send one stamp job."""
        raise NotImplementedError


def discover() -> Mapping[str, Any]:
    """All contestants, by name."""
    found = {}
    for module in sorted(pkgutil.iter_modules(benchmarks.peers.__path__), key=lambda module: module.name):
        if module.name.startswith("with_"):
            peer = importlib.import_module(f"{benchmarks.peers.__name__}.{module.name}").PEER
            found[peer.name] = peer
    return found
