"""The process registry: which workers and schedulers are alive, what they are, and what they run.

A process registers with each round of its maintenance. It is removed when it ends, or after a lease of silence. What it
runs isn't stored there: that is read from the running jobs, and so is always up to date.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Any, Literal

import orjson

from .. import VERSION
from ..clock import rfc3339
from ..commands import keys
from ..commands.calls import run_script
from ..commands.client import RedisClient
from ..commands.layout import RegistrationRecord, unpack_record, unpack_registration
from ..redis_link.link import Link
from .cadence_status import CadenceStatus, cadence_faults

Kind = Literal["worker", "scheduler"]

KEYS = (keys.process_ends(), keys.process_registrations())

RUNNING_A_CALL = 500
RUNNING_CALLS = 20
"""Of a queue, at most 10,000 running jobs are looked at."""


@dataclass(frozen=True, slots=True)
class RunningJob:
    """What a worker runs. ``since_us``: when it was claimed."""

    id: str
    task: str
    queue: str
    since_us: int

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "task": self.task, "queue": self.queue, "since": rfc3339(self.since_us)}


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads there are, how many of them have nothing to do, and how many are lost: they hang in a task that
    ran far beyond its time limit."""

    total: int
    idle: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """A process that lives. Times are Redis server time in µs. ``stopping``: it takes no more jobs."""

    id: str
    kind: Kind
    host: str
    pid: int
    version: str
    started_at_us: int
    last_seen_at_us: int
    stopping: bool
    queues: tuple[str, ...]
    thread_count: int
    hung_jobs: frozenset[str]
    running: tuple[RunningJob, ...]

    @property
    def threads(self) -> Threads:
        """Its threads, which all of its queues share; none of one that is stopping is idle."""
        lost = len(self.hung_jobs)
        busy = sum(job.id not in self.hung_jobs for job in self.running)
        idle = 0 if self.stopping else max(0, self.thread_count - lost - busy)
        return Threads(self.thread_count, idle, lost)

    def as_dict(self) -> dict[str, Any]:
        """The process as the API shows it: every key always there, times as RFC 3339 in UTC."""
        threads = self.threads
        return {
            "id": self.id,
            "kind": self.kind,
            "host": self.host,
            "pid": self.pid,
            "version": self.version,
            "started_at": rfc3339(self.started_at_us),
            "last_seen_at": rfc3339(self.last_seen_at_us),
            "stopping": self.stopping,
            "queues": list(self.queues),
            "threads": {"total": threads.total, "idle": threads.idle, "lost": threads.lost},
            "running": [job.as_dict() for job in self.running],
        }


class Registration:
    """A process's own entry. One thread renews it and leaves; any thread may set ``stopping``, and of a scheduler
    the ``cadence_status``."""

    def __init__(
        self,
        id: str,
        kind: Kind,
        *,
        lease_us: int,
        queues: Callable[[], Iterable[str]],
        threads: int = 0,
        hung_jobs: Callable[[], list[str]] = list,
    ) -> None:
        self.stopping = False
        self.cadence_status: CadenceStatus | None = None
        self._id = id
        self._lease_us = lease_us
        self._queues = queues
        self._hung_jobs = hung_jobs
        self._fixed = {
            "kind": kind,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": VERSION,
            "threads": threads,
        }
        self._started = b""

    def renew(self, link: Link) -> None:
        """Say that the process lives: it counts as gone when it doesn't say so again within a lease.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        status = self.cadence_status.as_dict() if self.cadence_status else None
        changing = {
            "queues": sorted(self._queues()),
            "stopping": self.stopping,
            "hung": self._hung_jobs(),
            "cadence_status": status,
        }
        details = orjson.dumps({**self._fixed, **changing})
        lease = b"%d" % self._lease_us
        self._started = b"%d" % run_script(
            link, "register_process", KEYS, b"", self._id.encode(), lease, self._started, details
        )

    def leave(self, link: Link) -> None:
        """Take the process out of the registry.

        Raises:
          RedisAwayError: Redis doesn't answer; the entry will lapse.
        """
        link.call_all([("ZREM", keys.process_ends(), self._id), ("HDEL", keys.process_registrations(), self._id)])


class ProcessRegistry:
    """Reads who is there."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def processes(self) -> list[LiveProcess]:
        """All processes that live, workers first, each kind in the order in which they started.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        queues = sorted(self._redis.queues())
        found = self._read(queues)
        return sorted(found, key=lambda process: (process.kind != "worker", process.started_at_us, process.id))

    def has_worker_for(self, queue: str) -> bool:
        """Whether a worker lives that consumes the queue; without a look at what runs.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        details = (orjson.loads(entry.details) for entry in self._entries().values())
        return any(of["kind"] == "worker" and queue in of["queues"] for of in details)

    def cadence_statuses(self) -> dict[str, CadenceStatus]:
        """What each scheduler that lives has last read of its cadence file, by the scheduler's id.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        details = {id: orjson.loads(entry.details) for id, entry in self._entries().items()}
        return {id: CadenceStatus(**of["cadence_status"]) for id, of in details.items() if of.get("cadence_status")}

    def cadence_faults(self) -> list[str]:
        """Why the cadence in force isn't the file's, by what the schedulers that live have read of it.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return cadence_faults(self.cadence_statuses())

    def _read(self, queues: Iterable[str]) -> list[LiveProcess]:
        entries = self._entries()
        running: dict[str, list[RunningJob]] = {}
        for queue in queues if entries else ():
            for worker, job in self._running(queue):
                running.setdefault(worker, []).append(job)
        return [_process(id, entry, running.get(id, [])) for id, entry in entries.items()]

    def _entries(self) -> dict[str, RegistrationRecord]:
        rows = self._redis.run_script("list_processes", KEYS, b"")
        return {rows[i].decode(): unpack_registration(rows[i + 1]) for i in range(0, len(rows), 2) if rows[i + 1]}

    def _running(self, queue: str) -> Iterable[tuple[str, RunningJob]]:
        below: int | None = None
        for _ in range(RUNNING_CALLS):
            below, rows = self._redis.queue(queue).page(below, RUNNING_A_CALL, ["running"])
            for id, packed in rows:
                record = unpack_record(packed)
                yield record.worker or "", RunningJob(id, record.task, queue, record.started or 0)
            if below is None:
                return


def threads_of(queue: str, processes: Iterable[LiveProcess]) -> Threads:
    """The threads of the live workers that consume a queue. A worker's threads are those of all of its queues, so they
    count for each of them."""
    found = [process.threads for process in processes if queue in process.queues and process.kind == "worker"]
    return Threads(*(sum(count) for count in zip(*map(astuple, found), strict=True))) if found else Threads(0, 0)


def process_name() -> str:
    """Names a process in the registry, in records and in logs: host, process id, and four random digits."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"


def _process(id: str, entry: RegistrationRecord, running: Iterable[RunningJob]) -> LiveProcess:
    known = orjson.loads(entry.details)
    return LiveProcess(
        id=id,
        kind=known["kind"],
        host=known["host"],
        pid=known["pid"],
        version=known["version"],
        started_at_us=entry.started,
        last_seen_at_us=entry.seen,
        stopping=known["stopping"],
        queues=tuple(known["queues"]),
        thread_count=known["threads"],
        hung_jobs=frozenset(known.get("hung", ())),
        running=tuple(sorted(running, key=lambda job: (job.since_us, job.id))),
    )
