"""Where faults are injected: the system under load, what is known of it, and the scenarios that can be played there."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Self, TypeVar

from ..service import wait_until
from .crowd import Crowd
from .played import Played
from .system import PROCESSES, THREADS, WORKERS, System, pid_of
from .witness import Witness

PATIENCE_S = 40.0
"""For anything to come back."""
LONG_MS, MOMENT_MS = 2500, 400
JUST_US = 1_000_000
ALL_THREADS = THREADS * len(WORKERS)
HARMLESS = frozenset({"retried", "put back", "answer lost", "revived"})
"""What may explain at any time that a job was claimed again: none of these ran to its end before."""

T = TypeVar("T")
Many = TypeVar("Many", bound=Sized)


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
            backlogs = {queue: checker.unfinished for queue, checker in self.witness.checkers.items()}
            self.crowd = Crowd(self.system.port, self.witness.ledger, backlogs)
        except BaseException:
            self.system.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.crowd.close()
        self.witness.close()
        self.system.stop()

    def play(self, inject: Callable[[Stage], float], explains: frozenset[str]) -> Played:
        """Let a scenario happen under load; then end the load, let everything be worked off, and judge. ``inject`` does
        the harm, undoes it, and returns how long the recovery took, in s."""
        found = [checker.found for checker in self.witness.checkers.values()]
        before = sum(one.accepted for one in found), sum(one.claims for one in found), self.witness.duplicates()
        refused = self.crowd.happened()
        self.witness.begin()
        faults: list[str] = []
        recovery_s: float | None = None
        self.crowd.begin()
        try:
            self.first("claim", now_us(), count=50)
            recovery_s = inject(self)
            self.first("claim", now_us(), count=50)
        except AssertionError as error:
            faults.append(str(error))
        self._undo()
        self.crowd.end()
        faults += self._verdict()
        duplicates = dict(self.witness.duplicates() - before[2])
        faults += [f"jobs ran again by: {why}" for why in duplicates if why not in HARMLESS | explains]
        return Played(
            recovery_s,
            faults,
            jobs=sum(one.accepted for one in found) - before[0],
            claims=sum(one.claims for one in found) - before[1],
            duplicates=duplicates,
            refused=dict(self.crowd.happened() - refused),
        )

    # What a scenario does beside its harm, and what it waits for.

    def first(self, kind: str, after_us: int, count: int = 1) -> float:
        """Seconds from a time until so many events of this kind have happened."""
        times = self.wait(lambda: _at_least(self.witness.times_us(kind, after_us), count), f"{count} × {kind}")
        return (times[count - 1] - after_us) / 1e6

    def first_accepted(self, after_us: int) -> float:
        """Seconds from a time until a request was answered with 201."""
        answered = self.wait(lambda: self.crowd.accepted_us(after_us), "a request to be answered with 201")
        return (answered[0] - after_us) / 1e6

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
            self.first_claim_of([name], since_us)

    def first_claim_of(self, names: Sequence[str], after_us: int) -> float:
        """Seconds from a time until one of these workers, as they run now, has claimed a job."""

        def claims() -> list[int]:
            pids = {pid for name in names for pid in self.system.members(name)}
            return sorted(e[1] for e in self.witness.events("claim", after_us) if pid_of(e[-1]) in pids)

        return (self.wait(claims, f"{' or '.join(names)} to claim a job")[0] - after_us) / 1e6

    def longest_silence(self, since_us: int) -> float:
        """The longest time in seconds between two claims, from a time until now."""
        times = [since_us, *self.witness.times_us("claim", since_us), now_us()]
        return max(later - earlier for earlier, later in pairwise(times)) / 1e6

    def occupy(self, worker: str, jobs: int = 2) -> set[str]:
        """Have a worker run so many jobs that take a while, and that it has just begun; which these are. Meanwhile the
        load pauses: newer jobs would keep them waiting."""
        pids = self.system.members(worker)
        ids: set[str] = set()

        def run() -> set[str] | None:
            if ids <= self._ended(ids):
                ids.update(self.crowd.submit("take_steadily", *[LONG_MS] * ALL_THREADS))
            begun = {claim[2] for claim in self.witness.events("claim", now_us() - JUST_US)}
            return _at_least(self.witness.run_by(pids) & ids & begun, jobs)

        self.crowd.end()
        try:
            return self.wait(run, f"{worker} to run {jobs} long jobs")
        finally:
            self.crowd.begin()

    def refused(self) -> None:
        """Until a client was told to come later."""
        before = self.crowd.happened()
        self.wait(lambda: self.crowd.happened() - before, "a request to be refused")

    def drained(self) -> None:
        """Until no job waits or runs, although clients try to submit more."""
        self.wait(lambda: not self.witness.unfinished(), "all jobs to end")

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Without load; it begins when no job is left."""
        self.crowd.end()
        self.wait(lambda: self.crowd.is_idle, "all requests to be answered")
        self.drained()
        yield
        self.crowd.begin()

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
        try:
            self.wait(lambda: self.crowd.is_idle, "all requests to be answered")
            self.drained()
            self.wait(self._is_well, "the service to say that it is well")
            self.wait(self._all_threads_work, f"{ALL_THREADS} threads to run jobs at the same time")
        except AssertionError as error:
            faults.append(str(error))
        faults += self.crowd.take_faults() + self.witness.judge()
        self.system.forgive()
        return faults

    def _is_well(self) -> bool:
        return all(self.system.get(path).status == 200 for path in ("/readyz", "/healthz/consumption"))

    def _all_threads_work(self) -> bool:
        """Whether so many jobs run at the same time as there are threads: none was lost."""
        ids = self.crowd.submit("take_steadily", *[MOMENT_MS] * ALL_THREADS)
        self.wait(lambda: ids <= self._ended(ids), "jobs to end that all threads take")
        begins = [(event[1], 1) for event in self.witness.events("claim", 0) if event[2] in ids]
        ends = [(event[1], -1) for event in self.witness.events("settle", 0) if event[2] in ids]
        return max(accumulate(change for _, change in sorted(begins + ends))) == ALL_THREADS

    def _ended(self, ids: set[str]) -> set[str]:
        return {event[2] for event in self.witness.events("settle", 0) if event[2] in ids}


def now_us() -> int:
    """Now."""
    return time.time_ns() // 1000


def _at_least(found: Many, count: int) -> Many | None:
    return found if len(found) >= count else None
