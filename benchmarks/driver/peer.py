"""What can be measured, and how it registers: in a file ``benchmarks/peers/with_*.py`` of its own, as ``PEER`` as it
comes, and as ``TUNED`` in its fastest sensible setting where that is another."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import shutil
import sys
from collections.abc import Mapping, Sequence, Set
from typing import Any

import redis

import benchmarks.peers

from .bench import SCRIPTS

RedisCommand = tuple[str, ...]


class Contestant:
    """Anything that has turns."""

    name: str
    title: str
    setting = "defaults"
    """How it is set up, in words."""
    packages: Sequence[str] = ()
    """The distributions whose versions results name."""
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
    """A job queue. Its tasks are ``noop``, which does nothing, ``call``, which increments a number in Redis
    (``peers/call.py``), and ``stamp(due_ns, work_ms)``, which writes its start to the journal (``peers/journal.py``)
    and works for a while.

    The first methods are called in the driver, and import nothing; the others in a process of their own, a *hand*
    (``hand.py``), where importing the queue's library is free.
    """

    rate = 10_000
    """The most no-op jobs a second that one worker with 8 at once gets through: how many a round needs."""
    starting_s = 0.0
    """So long after the first of its processes began to work, the last one is at it."""

    def worker(self, processes: int, threads: int) -> list[str]:
        """The command that starts workers, with this many threads in each process."""
        raise NotImplementedError

    def left(self) -> Sequence[RedisCommand]:
        """Commands whose answers add up to the number of jobs that wait or run."""
        raise NotImplementedError

    def oldest_ms(self, client: redis.Redis, started: Set[int]) -> float | None:
        """When the oldest stamp job that waits was sent, in ms since the epoch; None when there is none. ``started``:
        those that don't wait any more, by when they were due. Only peers of the measures that ask for it have this."""
        raise NotImplementedError

    def hand(self, verb: str, *words: object) -> list[str]:
        """The command that does something with this queue: see ``hand.py``."""
        return [sys.executable, "-m", "benchmarks.driver.hand", self.name, verb, *map(str, words)]

    def prepare(self) -> None:
        """Connect, and whatever must be done once before jobs are sent."""

    def send(self) -> None:
        """Send one no-op job, as a program would."""
        raise NotImplementedError

    def send_many(self, count: int, task: str = "noop") -> None:
        """Send ``count`` jobs of a task without arguments, in the fastest way that the library offers."""
        raise NotImplementedError

    def fill(self, count: int, task: str) -> None:
        """Let ``count`` jobs wait, in any way that is fast: how they came isn't what is measured."""
        self.send_many(count, task)

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        """Send one stamp job."""
        raise NotImplementedError


def discover() -> Mapping[str, Any]:
    """All contestants, by name."""
    found = {}
    for module in sorted(pkgutil.iter_modules(benchmarks.peers.__path__), key=lambda module: module.name):
        if module.name.startswith("with_"):
            loaded = importlib.import_module(f"{benchmarks.peers.__name__}.{module.name}")
            for peer in (loaded.PEER, getattr(loaded, "TUNED", None)):
                if peer is not None:
                    found[peer.name] = peer
    return found
