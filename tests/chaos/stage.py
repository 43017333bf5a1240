"""Where faults are injected: the system under load, what is known of it, and the scenarios that can be played there."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Self, TypeVar

from ..proof.event_log import Event
from ..service import wait_until
from .load import Client, Load, job
from .system import PROCESSES, THREADS, WORKERS, System, pid_of
from .witness import QUEUES, Witness

TASKS = {"default": ("take",), "steady": ("take_steadily", "take_steadily", "fail")}
MOST_WAITING = 300
PATIENCE_S = 40.0
"""For anything to come back."""
LONG_MS, MOMENT_MS = 1500, 400
ALL_THREADS = THREADS * len(WORKERS)
HARMLESS = frozenset({"retried", "put back", "answer lost", "revived"})
"""What may explain at any time that a job was claimed again: none of these ran to its end before."""

T = TypeVar("T")
Many = TypeVar("Many", bound=Sized)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a scenario. ``faults``: what must not be; ``duplicates``: how often jobs ran again, by the reason;
    ``refused``: requests that had to be sent again, by the reason."""

    recovery_s: float | None
    faults: list[str]
    jobs: int
    claims: int
    duplicates: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


class Stage:
    """A system, its load and its witness. Times are µs since the epoch, by the clock of this machine."""

    def __init__(self, folder: Path, *, seed: int = 1) -> None:
        self.system = System(folder)
        self.chance = random.Random(seed)

    def __enter__(self) -> Self:
        try:
            self.system.server.start()
            self.witness = Witness(self.system.server.url, self.system.fate_of)
            self.system.start()
            self.clients = [Client(self.system.port, self.witness.ledger) for _ in (*QUEUES, "beside the load")]
            *of_loads, self._client = self.clients
            checkers = self.witness.checkers.items()
            self._loads = [
                Load(client, TASKS[queue], checker.unfinished, most_waiting=MOST_WAITING, seed=len(queue))
                for client, (queue, checker) in zip(of_loads, checkers, strict=True)
            ]
            for load in self._loads:
                load.start()
        except BaseException:
            self.system.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for load in self._loads:
            load.close()
        self._client.hang_up()
        self.witness.close()
        self.system.stop()

    def play(self, inject: Callable[[Stage], float], explains: frozenset[str]) -> Played:
        """Let a scenario happen under load; then end the load, let everything be worked off, and judge. ``inject`` does
        the harm, undoes it, and returns how long the recovery took, in s."""
        found = [checker.found for checker in self.witness.checkers.values()]
        before = sum(one.accepted for one in found), sum(one.claims for one in found), self.witness.duplicates()
        refused = self._refused()
        self.witness.begin()
        faults: list[str] = []
        recovery_s: float | None = None
        with self._load():
            try:
                recovery_s = inject(self)
            except AssertionError as error:
                faults.append(str(error))
            self._undo()
        faults += self._verdict()
        duplicates = dict(self.witness.duplicates() - before[2])
        faults += [f"jobs ran again by: {why}" for why in duplicates if why not in HARMLESS | explains]
        return Played(
            recovery_s,
            faults,
            jobs=sum(one.accepted for one in found) - before[0],
            claims=sum(one.claims for one in found) - before[1],
            duplicates=duplicates,
            refused=dict(self._refused() - refused),
        )

    # What a scenario does beside its harm, and what it waits for.

    def first(self, kind: str, after_us: int, count: int = 1) -> float:
        """Seconds from a time until so many events of this kind have happened."""
        times = self.wait(lambda: _at_least(self.witness.times_us(kind, after_us), count), f"{count} × {kind}")
        return (times[count - 1] - after_us) / 1e6

    def first_accepted(self, after_us: int) -> float:
        """Seconds from a time until a request was answered with 201."""

        def answered() -> list[int]:
            return sorted(at for client in self.clients for at in client.answered_us if at > after_us)

        return (self.wait(answered, "a request to be answered with 201")[0] - after_us) / 1e6

    def put_back(self, ids: set[str], after_us: int) -> float:
        """Seconds from a time until the last of these jobs was put back; one may have ended just before it."""

        def all_back() -> list[int] | None:
            back = {event[2]: event[1] for event in self.witness.events("reclaim", after_us) if event[2] in ids}
            return sorted(back.values()) if ids <= back.keys() | self._ended(ids) else None

        return (self.wait(all_back, f"{len(ids)} jobs to be put back")[-1] - after_us) / 1e6

    def works_again(self, name: str) -> None:
        """Until a process that was started does what it is there for."""
        since_us = now_us()
        if name == "web":
            self.first_accepted(since_us)
        elif name == "scheduler":
            self.first("open", since_us)
        else:
            self.wait(lambda: self._claims_of(name, since_us), f"{name} to claim a job")

    def longest_silence(self, since_us: int) -> float:
        """The longest time in seconds between two claims, from a time until now."""
        times = [since_us, *self.witness.times_us("claim", since_us), now_us()]
        return max(later - earlier for earlier, later in pairwise(times)) / 1e6

    def occupy(self, worker: str, jobs: int = 2) -> set[str]:
        """Have a worker run so many jobs that take a while; which these are. Newer jobs may keep them waiting, so more
        are submitted when they are through."""
        pids = self.system.members(worker)
        ids: set[str] = set()

        def run() -> set[str] | None:
            if ids <= self._ended(ids):
                ids.update(self.submit("take_steadily", *[LONG_MS] * ALL_THREADS))
            return _at_least(self.witness.run_by(pids) & ids, jobs)

        return self.wait(run, f"{worker} to run {jobs} long jobs")

    def submit(self, task: str, *takes_ms: int) -> set[str]:
        """Submit jobs beside the load; their ids."""
        return set(self._client.submit([job(task, ms) for ms in takes_ms]))

    def refused(self) -> None:
        """Until a client was told to come later."""
        before = self._refused()
        self.wait(lambda: self._refused() - before, "a request to be refused")

    def drained(self) -> None:
        """Until no job waits or runs, although clients try to submit more."""
        self.wait(lambda: not self.witness.unfinished(), "all jobs to end")

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Without load; it begins when no job is left."""
        for load in self._loads:
            load.is_wanted.clear()
        self.wait(lambda: all(load.is_idle.is_set() for load in self._loads), "all requests to be answered")
        self.drained()
        yield
        for load in self._loads:
            load.is_wanted.set()

    @staticmethod
    def pass_time(seconds: float) -> None:
        """Let the fault last."""
        time.sleep(seconds)

    @staticmethod
    def wait(condition: Callable[[], T | None], what: str) -> T:
        """As :func:`wait_until`, for as long as anything may take to come back."""
        found = wait_until(condition, what, PATIENCE_S)
        assert found is not None
        return found

    @contextmanager
    def _load(self) -> Iterator[None]:
        for load in self._loads:
            load.is_wanted.set()
        self.first("claim", now_us(), count=50)
        try:
            yield
            self.first("claim", now_us(), count=50)
        finally:
            for load in self._loads:
                load.is_wanted.clear()

    def _undo(self) -> None:
        """Whatever a scenario that failed has left."""
        self.system.thaw(["redis", *PROCESSES])
        for proxy in self.system.proxies.values():
            proxy.heal()

    def _verdict(self) -> list[str]:
        faults = []
        for name in self.system.ended():
            faults.append(f"{name} has ended by itself")
            self.system.start_process(name)
        for client in self.clients:
            faults += client.faults
            client.faults.clear()
        try:
            self.wait(lambda: all(load.is_idle.is_set() for load in self._loads), "all requests to be answered")
            self.drained()
            self.wait(self._is_well, "the service to say that it is well")
            self.wait(self._all_threads_work, f"{ALL_THREADS} threads to run jobs at the same time")
        except AssertionError as error:
            faults.append(str(error))
        faults += self.witness.judge()
        self.system.forgive()
        return faults

    def _is_well(self) -> bool:
        return all(self.system.get(path).status == 200 for path in ("/readyz", "/healthz/consumption"))

    def _all_threads_work(self) -> bool:
        """Whether so many jobs run at the same time as there are threads: none was lost."""
        ids = self.submit("take_steadily", *[MOMENT_MS] * ALL_THREADS)
        self.wait(lambda: ids <= self._ended(ids), "jobs to end that all threads take")
        begins = [(event[1], 1) for event in self.witness.events("claim", 0) if event[2] in ids]
        ends = [(event[1], -1) for event in self.witness.events("settle", 0) if event[2] in ids]
        return max(accumulate(change for _, change in sorted(begins + ends))) == ALL_THREADS

    def _claims_of(self, name: str, after_us: int) -> list[Event]:
        pids = self.system.members(name)
        return [event for event in self.witness.events("claim", after_us) if pid_of(event[-1]) in pids]

    def _ended(self, ids: set[str]) -> set[str]:
        return {event[2] for event in self.witness.events("settle", 0) if event[2] in ids}

    def _refused(self) -> Counter[str]:
        return sum((client.happened for client in self.clients), Counter[str]())


def now_us() -> int:
    """Now."""
    return time.time_ns() // 1000


def _at_least(found: Many, count: int) -> Many | None:
    return found if len(found) >= count else None
