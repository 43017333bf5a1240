"""The jobs that a stub broker has, in all queues: what there is, and what may become of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, get_args

import dramatiq
import msgpack

from ..commands.types import Settlement, Token
from ..jobs import CANCELLABLE, RETRYABLE, Job, JobStatus
from ..messages import details_of, message_of, without_retries
from ..queues.policy import PPM, Order, Policy
from ..settings import Settings
from ..store.records import job_from
from ..worker.delivery import Delivery
from .clock import StubClock
from .stub_entry import Entry
from .stub_queue import StubQueue


class StubJobs:
    """Any thread may use them."""

    actors: dict[str, dramatiq.Actor[Any, Any]]
    dead_letters_by_queue: Any

    def __init__(self, clock: StubClock, settings: Settings, *, gated: bool) -> None:
        self.clock = clock
        self.settings = settings
        self.is_gated = gated
        self.stub_queues: dict[str, StubQueue] = {}
        self._lock = threading.RLock()

    def jobs(
        self,
        task: dramatiq.Actor[Any, Any] | str | None = None,
        *,
        status: JobStatus | str | None = None,
        queue: str | None = None,
    ) -> list[Job]:
        """All jobs, or those of a task, in a state, of a queue; the newest first."""
        name = task.actor_name if isinstance(task, dramatiq.Actor) else task
        jobs = [self._job(of, entry) for of, stub_queue in self.stub_queues.items() for entry in stub_queue]
        chosen = [
            job
            for job in jobs
            if name in (None, job.task) and status in (None, job.status) and queue in (None, job.queue)
        ]
        return sorted(chosen, key=lambda job: job.seq, reverse=True)

    def job(self, id: str) -> Job | None:
        """A job as it is now."""
        found = [
            (name, stub_queue.entries[id]) for name, stub_queue in self.stub_queues.items() if id in stub_queue.entries
        ]
        return self._job(*found[0]) if found else None

    def waiting(self, queue: str = "default") -> list[Job]:
        """The jobs of a queue that could be claimed, in the order in which they will be."""
        return [self._job(queue, entry) for entry in self.stub_queue(queue).claimable()]

    def cancel(self, id: str, *, reason: str = "requested") -> Job:
        """Cancel a job: one that waits ends at once, one that runs is asked to stop."""
        queue, entry = self._found(id)
        with self._lock:
            if entry.status in CANCELLABLE:
                self.stub_queue(queue).cancel(entry, reason)
        return self._job(queue, entry)

    def retry(self, id: str) -> Job:
        """Put a job that ended badly back, on top of the stack. One that a newer job of its subject has outdated stays
        as it is."""
        queue, entry = self._found(id)
        with self._lock:
            if entry.status in RETRYABLE:
                self.stub_queue(queue).put_on_top(entry, without_retries(entry.body))
        return self._job(queue, entry)

    def lose_worker(self, queue: str = "default") -> Job | None:
        """A worker claims the next job and dies; time passes until its lease has run out. None: there was no job."""
        with self._lock:
            entry = self.stub_queue(queue).claim()
            if entry is None:
                return None
            self.clock.advance(self.settings.lease_s)
            self.stub_queue(queue).lose_lease(entry)
        return self._job(queue, entry)

    def put_policy(
        self,
        queue: str = "default",
        *,
        order: Order = "lifo",
        oldest_share: float = 0.0,
        lifo_above_s: float = 30.0,
        lifo_below_s: float | None = None,
        max_running: int = 0,
        max_running_per_group: int = 0,
        share_by_group: bool = False,
    ) -> None:
        """What the cadence says of a queue's order (docs/cadence.md) and of its groups (docs/groups.md);
        ``lifo_below_s``: half of ``lifo_above_s``, if omitted. A window that is open keeps the order that was said
        before.

        Raises:
          ValueError: the cadence couldn't say so.
        """
        below_s = lifo_above_s / 2 if lifo_below_s is None else lifo_below_s
        if order not in get_args(Order):
            raise ValueError(f"Expected as order one of {', '.join(get_args(Order))}, got {order!r}.")
        if not 0 <= oldest_share <= 1 or not 0 <= below_s <= lifo_above_s:
            raise ValueError(
                "Expected an oldest_share from 0 to 1, and a lifo_below_s of at most lifo_above_s, got "
                f"{oldest_share} and {below_s} with {lifo_above_s}."
            )
        if order == "fifo" and oldest_share:
            raise ValueError('oldest_share has no effect with order="fifo": leave one out.')
        if max_running < 0 or max_running_per_group < 0:
            raise ValueError(
                "Expected a max_running and a max_running_per_group of at least 0, which is no bound, got "
                f"{max_running} and {max_running_per_group}."
            )
        policy = Policy(
            order=order,
            oldest_share_ppm=round(oldest_share * PPM),
            lifo_above_us=round(lifo_above_s * 1e6),
            lifo_below_us=round(below_s * 1e6),
            max_running=max_running,
            max_running_per_group=max_running_per_group,
            share_by_group=share_by_group,
        )
        with self._lock:
            self.stub_queue(queue).order.put(policy)

    def open_window(self, queue: str = "default", *, credits: int | None = None, lasts_s: float | None = None) -> None:
        """Let so many jobs through, for so long; None: no bound."""
        closes_at_us = None if lasts_s is None else self.clock.now_us() + round(lasts_s * 1e6)
        self.stub_queue(queue).open_window(credits, closes_at_us)

    def close_window(self, queue: str = "default") -> None:
        """From now on nothing of this queue may be claimed."""
        self.stub_queue(queue).close_window()

    def stub_queue(self, name: str) -> StubQueue:
        """One queue, made when it is first asked for."""
        with self._lock:
            if name not in self.stub_queues:
                limit = self.settings.crash_limit
                self.stub_queues[name] = StubQueue(self.clock, gated=self.is_gated, crash_limit=limit)
            return self.stub_queues[name]

    def claim(self, name: str) -> Delivery | None:
        """Claim the next job of a queue for a thread; None: none may be claimed."""
        with self._lock:
            entry = self.stub_queue(name).claim()
            if entry is None:
                return None

            def keep(_: Token, words: bytes) -> str:
                entry.progress = words
                return "cancel" if entry.record.cancel else "kept"

            message = message_of(entry.id, name, entry.body)
            entry.delivery = Delivery(message, entry.number, attempt=entry.record.attempts, keep_progress=keep)
            return entry.delivery

    def settle(self, delivery: Delivery, settlement: Settlement) -> None:
        """The end of an attempt."""
        with self._lock:
            stub_queue = self.stub_queue(delivery.queue_name)
            if (entry := stub_queue.entries.get(settlement.id)) is not None:
                entry.exception = delivery._exception
                stub_queue.settle(settlement)
                if entry.status is JobStatus.REJECTED:
                    self.dead_letters_by_queue[delivery.queue_name].append(delivery)

    def _found(self, id: str) -> tuple[str, Entry]:
        for name, stub_queue in self.stub_queues.items():
            if id in stub_queue.entries:
                return name, stub_queue.entries[id]
        raise KeyError(f"There is no job with id {id}.")

    def _job(self, queue: str, entry: Entry) -> Job:
        packed = msgpack.packb([False if value is None else value for value in entry.record])
        message = message_of(entry.id, queue, entry.body)
        job = job_from(
            *(entry.id, queue, packed, message),
            lambda of: details_of(of, self.actors.get(of.actor_name)),
            result=entry.result,
            failure=entry.failure,
            progress=entry.progress,
        )
        return replace(job, place=None if job.status is not JobStatus.QUEUED else entry.place)

    def advance_to_next_due(self, queue: str | None) -> bool:
        """Let time pass until the next job falls due; False: none waits for its time, or none may be claimed then."""
        names = [queue] if queue else list(self.stub_queues)
        dues = [due for name in names if (due := self.stub_queue(name).next_due_us()) is not None]
        if not dues:
            return False
        self.clock.advance_to(min(dues))
        return any(self.stub_queue(name).is_open for name in names)

    def is_busy(self, queue: str) -> bool:
        """Whether a job runs, or may be claimed."""
        with self._lock:
            stub_queue = self.stub_queue(queue)
            return stub_queue.runs_any() or (stub_queue.is_open and stub_queue.waits_any())
