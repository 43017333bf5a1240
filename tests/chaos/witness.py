"""Who follows the event logs of all queues while faults come and go, replays them, and tells when what happened."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from middleware.diagnosis.audit import audit_all
from middleware.jobs import JobStatus
from middleware.redis_link.link import Link

from ..proof.event_log import Event, EventLog
from ..proof.history import HistoryChecker
from ..proof.kept import compare
from ..proof.soak_clients import Ledger
from .system import pid_of

QUEUES = ("default", "steady")
LOOK_S = 0.01


class Witness:
    """Follows in a thread of its own, over a connection of its own that no fault touches but those of the server."""

    def __init__(self, url: str, fate_of: Callable[[str], str | None]) -> None:
        self.ledger = Ledger()
        self.checkers = {queue: HistoryChecker(queue, fate_of=fate_of) for queue in QUEUES}
        self._url = url
        self._client = redis.Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._logs = {queue: EventLog(self._client, queue) for queue in QUEUES}
        for log in self._logs.values():
            log.switch_on()
        self._lock = threading.RLock()
        self._events: list[Event] = []
        self._is_over = False
        self._thread = threading.Thread(target=self._follow, name="witness", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._is_over = True
        self._thread.join(30)
        self._client.close()

    def begin(self) -> None:
        """Forget which events there were; what has become of each job stays known."""
        with self._lock:
            self._events = []

    def unfinished(self) -> int:
        """How many jobs wait or run."""
        return sum(checker.unfinished() for checker in self.checkers.values())

    def events(self, kind: str, after_us: int) -> list[Event]:
        """Those of this kind after a time, in the order in which they were seen."""
        with self._lock:
            return [event for event in self._events if event[0] == kind and event[1] > after_us]

    def times_us(self, kind: str, after_us: int) -> list[int]:
        """When they were, rising."""
        return sorted(event[1] for event in self.events(kind, after_us))

    def run_by(self, pids: Collection[int]) -> set[str]:
        """The jobs that workers of these process ids run, as the log tells it."""
        with self._lock:
            return {
                id
                for checker in self.checkers.values()
                for id, job in checker.jobs.items()
                if job.status is JobStatus.RUNNING and pid_of(job.worker) in pids
            }

    def duplicates(self) -> Counter[str]:
        """How often jobs were claimed again, by what explains it."""
        return sum((checker.found.duplicates for checker in self.checkers.values()), Counter[str]())

    def judge(self) -> list[str]:
        """What is wrong, in words; nothing may go on meanwhile."""
        with self._lock:
            faults = self.ledger.faults()
            for queue, checker in self.checkers.items():
                compare(checker, self._client)
                faults += [f"{queue}: {text}" for text in checker.found.texts]
                checker.found.texts.clear()
                if checker.unfinished():
                    faults.append(f"{queue}: {checker.unfinished()} jobs didn't end")
            link = Link(self._url, timeout_s=5)
            for finding in audit_all(link):
                faults += finding.faults
            link.close()
            return faults

    def _follow(self) -> None:
        while not self._is_over:
            if not self._read():
                time.sleep(LOOK_S)

    def _read(self) -> int:
        total = 0
        for queue, log in self._logs.items():
            with self._lock:
                try:
                    events = log.read()
                except redis.RedisError:
                    continue
                self.ledger.logged(events)
                self.checkers[queue].replay(events)
                self._events += events
                total += len(events)
        return total
