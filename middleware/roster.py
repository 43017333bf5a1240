"""The roster: which processes of ours live, what they are, and what they run.

A worker or scheduler writes itself in with each round of its upkeep, and is taken out when it ends, or when it has been
silent for a lease. What it runs isn't written there: it is read from the running jobs, and so always of this moment.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgpack
import orjson

from . import VERSION, keys, spanning
from .cadence.readings import Reading, cadence_faults
from .clock import rfc3339
from .connection import Link
from .reach import Reach
from .sources import RECORD_FIELDS

Kind = Literal["worker", "scheduler"]

RUNNING_A_CALL = 500
RUNNING_CALLS = 20
"""Of a queue, at most 10,000 running jobs are looked at."""
TASK, STARTED, WORKER = (RECORD_FIELDS.index(name) for name in ("task", "started", "worker"))


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
    """How many threads there are, and how many of them have nothing to do."""

    total: int
    idle: int


@dataclass(frozen=True, slots=True)
class Member:
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
    running: tuple[RunningJob, ...]

    @property
    def threads(self) -> Threads:
        """Its threads, which all of its queues share; none of one that is stopping is idle."""
        idle = 0 if self.stopping else max(0, self.thread_count - len(self.running))
        return Threads(self.thread_count, idle)

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
            "threads": {"total": threads.total, "idle": threads.idle},
            "running": [job.as_dict() for job in self.running],
        }


class Attendance:
    """A process's own entry. One thread renews it and leaves; any thread may set ``stopping``, and of a scheduler
    what it has ``reading`` of the cadence."""

    def __init__(
        self, id: str, kind: Kind, *, lease_us: int, queues: Callable[[], Iterable[str]], threads: int = 0
    ) -> None:
        self.stopping = False
        self.reading: Reading | None = None
        self._id = id
        self._lease_us = lease_us
        self._queues = queues
        self._facts = {
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
        reading = self.reading.as_dict() if self.reading else None
        told = {"queues": sorted(self._queues()), "stopping": self.stopping, "reading": reading}
        card = orjson.dumps({**self._facts, **told})
        lease = b"%d" % self._lease_us
        self._started = b"%d" % _run(link, "enter", b"", self._id.encode(), lease, self._started, card)

    def leave(self, link: Link) -> None:
        """Take the process out of the roster.

        Raises:
          RedisAwayError: Redis doesn't answer; the entry will lapse.
        """
        link.call_all([("ZREM", keys.roster_ends(), self._id), ("HDEL", keys.roster_cards(), self._id)])


class Roster:
    """Reads who is there."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def members(self) -> list[Member]:
        """All processes that live, workers first, each kind in the order in which they started.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        queues = sorted(self._reach.queues())
        found: list[Member] = self._reach.patiently(lambda: self._read(queues))
        return sorted(found, key=lambda member: (member.kind != "worker", member.started_at_us, member.id))

    def cadence_faults(self) -> list[str]:
        """Why the cadence in force isn't the file's, by what the schedulers that live have read of it.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        entries = self._reach.patiently(self._entries)
        cards = {id: orjson.loads(entry[2]) for id, entry in entries.items()}
        return cadence_faults({id: Reading(**card["reading"]) for id, card in cards.items() if card.get("reading")})

    def _read(self, queues: Iterable[str]) -> list[Member]:
        entries = self._entries()
        running: dict[str, list[RunningJob]] = {}
        for queue in queues if entries else ():
            for worker, job in self._running(queue):
                running.setdefault(worker, []).append(job)
        return [_member(id, entry, running.get(id, [])) for id, entry in entries.items()]

    def _entries(self) -> dict[str, list[Any]]:
        """Of each process: when it started, when it was last seen, its card."""
        rows = _run(self._reach.link(), "roster", b"")
        return {rows[i].decode(): msgpack.unpackb(rows[i + 1]) for i in range(0, len(rows), 2) if rows[i + 1]}

    def _running(self, queue: str) -> Iterable[tuple[str, RunningJob]]:
        below: int | None = None
        for _ in range(RUNNING_CALLS):
            below, rows = self._reach.scripts(queue).page(below, RUNNING_A_CALL, ["running"])
            for id, packed in rows:
                record = msgpack.unpackb(packed)
                yield record[WORKER], RunningJob(id, record[TASK], queue, record[STARTED])
            if below is None:
                return


def threads_of(queue: str, members: Iterable[Member]) -> Threads:
    """The threads of the live workers that consume a queue. A worker's threads are those of all of its queues, so they
    count for each of them."""
    found = [member.threads for member in members if queue in member.queues and member.kind == "worker"]
    return Threads(sum(threads.total for threads in found), sum(threads.idle for threads in found))


def process_name() -> str:
    """Names a process in the roster, in records and in logs: host, process id, and four random digits."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"


def _member(id: str, entry: list[Any], running: Iterable[RunningJob]) -> Member:
    started_at_us, last_seen_at_us, card = entry
    known = orjson.loads(card)
    return Member(
        id=id,
        kind=known["kind"],
        host=known["host"],
        pid=known["pid"],
        version=known["version"],
        started_at_us=started_at_us,
        last_seen_at_us=last_seen_at_us,
        stopping=known["stopping"],
        queues=tuple(known["queues"]),
        thread_count=known["threads"],
        running=tuple(sorted(running, key=lambda job: (job.since_us, job.id))),
    )


def _run(link: Link, name: str, *words: bytes) -> Any:
    return spanning.run(link, name, (keys.roster_ends(), keys.roster_cards()), *words)
