"""Workers inside the test's own process, and what they did."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq

from middleware.broker import LifoBroker
from middleware.jobs import Job
from middleware.settings import Settings

from ..service import wait_until
from .scripted import ScriptedQueue

RARE_ROUNDS = Settings(lease_s=180)
"""With the fixture ``rare_rounds``, the maintenance of such a program makes a round a minute: what happens sooner isn't
its doing, however busy the machine is."""


@contextmanager
def working(broker: LifoBroker, *, threads: int = 1, queues: set[str] | None = None) -> Iterator[dramatiq.Worker]:
    """A worker that runs until the block ends."""
    worker = dramatiq.Worker(broker, queues=queues, worker_timeout=100, worker_threads=threads)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=5_000)


def ended(broker: LifoBroker, message: dramatiq.Message[Any] | str) -> Job:
    """The job of this message, as soon as it has ended."""
    id = message if isinstance(message, str) else message.message_id

    def final() -> Job | None:
        job = broker.store.get(id)
        return job if job is not None and job.status.is_final else None

    job = wait_until(final, f"the end of job {id}")
    assert job is not None
    return job


def idle_threads(broker: LifoBroker) -> int:
    """How many threads of the only worker have nothing to do, as it counts them."""
    [lifecycle] = broker._workers._of_worker.values()
    return lifecycle._idle_threads.idle if lifecycle._idle_threads is not None else 0


class Gate:
    """Where tasks wait until the test lets them go on."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self._inside = 0
        self.most_inside = 0
        self.passed: list[Any] = []

    def wait(self, name: Any = None) -> None:
        """Called by a task; a test that fails lets nobody wait forever."""
        with self._lock:
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)
        self._open.wait(60)
        with self._lock:
            self._inside -= 1
            self.passed.append(name)

    def wait_for(self, count: int) -> None:
        """Wait until so many tasks are inside."""
        wait_until(lambda: self._inside >= count, f"{count} tasks to be inside, {self._inside} are")

    def open(self) -> None:
        """Let everybody go on, also those who come later."""
        self._open.set()


@contextmanager
def broker_of(url: str, *, timeout_s: float = 5.0, **settings: Any) -> Iterator[LifoBroker]:
    """A broker with one queue; it waits for an answer of Redis for ``timeout_s``."""
    broker = LifoBroker(url=url, settings=Settings(**settings), timeout_s=timeout_s)
    broker.declare_queue("default")
    try:
        yield broker
    finally:
        broker.close()


def audit(url: str) -> None:
    """Every job in one state, none lost."""
    queue = ScriptedQueue(url)
    queue.audit()
    queue.close()


class Runs:
    """Counts how often each job ran."""

    def __init__(self, broker: LifoBroker) -> None:
        self.of: Counter[int] = Counter()
        self._lock = threading.Lock()
        self.work = dramatiq.actor(self._work, actor_name="work", broker=broker)

    def _work(self, n: int) -> None:
        with self._lock:
            self.of[n] += 1
