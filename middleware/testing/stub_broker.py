"""A broker in memory: LastIn's order and outcomes, without Redis, and with the test's own time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.brokers import stub
from dramatiq.errors import QueueJoinTimeout, QueueNotFound
from dramatiq.middleware import default_middleware
from dramatiq.results import Results

from ..enqueue.acceptance import encoded, one_queue
from ..enqueue.deadlines import deadline_us
from ..enqueue.declaring import DeclaringBroker, check_name
from ..enqueue.due import checked_delay_ms
from ..jobs import Job, JobStatus
from ..queues.policy import OrderBy
from ..settings import Settings
from ..worker.cancellation import Cancellation
from ..worker.context import CurrentDelivery, running_delivery
from ..worker.results import JobResults
from .clock import StubClock
from .in_this_thread import process
from .stub_consumer import LOOK_S, StubConsumer
from .stub_entry import Entry
from .stub_jobs import StubJobs

MOST_RUNS = 10_000
"""Of one call: jobs that send jobs for ever must not hang a test."""


class StubBroker(StubJobs, DeclaringBroker, stub.StubBroker):
    """Takes jobs as ``LifoBroker`` does, and runs them when the test says so: in its own thread (:meth:`run_next`,
    :meth:`run_all`, :meth:`run_until_done`), or in a ``dramatiq.Worker``.

    Parameters:
      middleware: instead of Dramatiq's default middleware; results and ``progress()`` work in any case.
      clock: the time; it stands still, until the test moves it on.
      settings: ``lease_s`` and ``crash_limit``; the defaults if omitted.
      gated: nothing runs outside of windows (:meth:`open_window`).
      order_by: as the cadence has it: places go by when jobs are ``accepted``, or by when they were ``generated``.
      fail_fast_default: whether a rejected job raises what its task raised, in whoever runs or joins.
    """

    def __init__(
        self,
        middleware: list[dramatiq.Middleware] | None = None,
        *,
        clock: StubClock | None = None,
        settings: Settings | None = None,
        gated: bool = False,
        order_by: OrderBy = "accepted",
        fail_fast_default: bool = True,
    ) -> None:
        StubJobs.__init__(self, clock or StubClock(), settings or Settings(), gated=gated)
        self.order_by = order_by
        self._idle: threading.Semaphore | None = None
        standard = [m() for m in default_middleware] if middleware is None else middleware
        DeclaringBroker.__init__(self, [_WorkerWatch(self), Cancellation(), *standard])
        self.fail_fast_default = fail_fast_default
        if not any(isinstance(m, Results) for m in self.middleware):
            self.add_middleware(Results(backend=JobResults(self.job)))

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """As :meth:`LifoBroker.enqueue`."""
        self.emit_before("enqueue", message, delay)
        held = running_delivery(message)
        if held is not None:
            held.note_retry(getattr(message, "_message", message), checked_delay_ms(delay or 0))
        else:
            queue = one_queue([message])
            check_name(queue)
            now_us = self.clock.now_us()
            due_us = None if delay is None else now_us + checked_delay_ms(delay) * 1000
            said = self.fresh_work.of(message)
            expires_us, generated_us = deadline_us(said.deadline, now_us), said.generated_us
            if self.order_by == "accepted":
                generated_us = None
            offered = (message.message_id, message.actor_name, encoded(message))
            with self._lock:
                self.stub_queue(queue).accept(
                    *offered,
                    due_us=due_us,
                    expires_us=expires_us,
                    subject=said.subject,
                    group=said.group,
                    generated_us=generated_us,
                )
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> StubConsumer:
        """A consumer of one queue.

        Raises:
          UnknownQueueError: no actor declares it.
        """
        self.require(queue_name)
        idle = self._idle or threading.Semaphore(prefetch)
        return StubConsumer(lambda: self.claim(queue_name), self.settle, idle=idle, timeout_s=timeout / 1000)

    def run_next(self, queue: str | None = None, *, fail_fast: bool | None = None) -> Job | None:
        """Run the next job of this queue, or of the first that has one, in this thread; None: none may be claimed.

        Raises:
          whatever its task raised, if the job was rejected for it, with ``fail_fast``.
        """
        for name in [queue] if queue else sorted(self.stub_queues):
            if (delivery := self.claim(name)) is None:
                continue
            process(self, delivery, self.settle)
            entry = self.stub_queue(name).entries[delivery.message_id]
            if self._fails_fast(fail_fast):
                _raise_rejected([entry])
            return self._job(name, entry)
        return None

    def run_all(self, queue: str | None = None, *, fail_fast: bool | None = None) -> list[Job]:
        """Run jobs in this thread until none may be claimed now."""
        ran: list[Job] = []
        while (job := self.run_next(queue, fail_fast=fail_fast)) is not None:
            ran.append(job)
            if len(ran) >= MOST_RUNS:
                raise AssertionError(f"{MOST_RUNS} jobs ran, the last one of {job.task}: they send jobs for ever.")
        return ran

    def run_until_done(self, queue: str | None = None, *, fail_fast: bool | None = None) -> list[Job]:
        """As :meth:`run_all`, and let time pass until no job waits for its time either: delays and retries."""
        ran = self.run_all(queue, fail_fast=fail_fast)
        while self.advance_to_next_due(queue):
            ran += self.run_all(queue, fail_fast=fail_fast)
            if len(ran) >= MOST_RUNS:
                raise AssertionError(f"{MOST_RUNS} jobs ran, and some still wait for their time: they send for ever.")
        return ran

    def assert_sent(self, task: dramatiq.Actor[Any, Any] | str, *, times: int | None = None, **payload: Any) -> None:
        """Jobs of this task were sent with these arguments among theirs, at least one, or so many.

        Raises:
          AssertionError: says what was sent.
        """
        jobs = self.jobs(task)
        fitting = [job for job in jobs if payload.items() <= job.payload.items()]
        if len(fitting) == times or (times is None and fitting):
            return
        name = task if isinstance(task, str) else task.actor_name
        words = ", ".join(f"{key}={value!r}" for key, value in payload.items())
        sent = "; ".join(f"{job.task}({job.payload})" for job in reversed(self.jobs())) or "nothing"
        raise AssertionError(
            f"Expected {'at least one job' if times is None else f'{times} jobs'} of {name}({words}), found "
            f"{len(fitting)}. Sent was: {sent}."
        )

    def join(self, queue_name: str, *, timeout: int | None = None, fail_fast: bool | None = None) -> None:
        """Wait until a worker has run all jobs of the queue, and let time pass for those that wait for theirs; without
        a worker, run them in this thread.

        Raises:
          QueueNotFound: no actor declares the queue.
          QueueJoinTimeout: there are jobs still, after ``timeout`` milliseconds.
          whatever a task raised whose job was rejected, with ``fail_fast``.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout / 1000)
        if self._idle is None:
            self.run_until_done(queue_name, fail_fast=False)
        while self.is_busy(queue_name) or self.advance_to_next_due(queue_name):
            if time.monotonic() > deadline:
                raise QueueJoinTimeout(queue_name)
            time.sleep(LOOK_S)
        if self._fails_fast(fail_fast):
            _raise_rejected(list(self.stub_queue(queue_name)))

    def flush(self, queue_name: str) -> None:
        """Forget all jobs of a queue."""
        self.stub_queue(queue_name).forget()
        self.dead_letters_by_queue[queue_name].clear()

    def flush_all(self) -> None:
        """Forget all jobs."""
        for name in list(self.stub_queues):
            self.flush(name)

    def _fails_fast(self, fail_fast: bool | None) -> bool:
        return self.fail_fast_default if fail_fast is None else fail_fast


def _raise_rejected(entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.status is JobStatus.REJECTED:
            raise entry.exception or AssertionError(f"Job {entry.id} was rejected: {entry.record.reason}.")


class _WorkerWatch(CurrentDelivery):
    """Knows whether there is a Worker, and what its threads run."""

    def __init__(self, broker: StubBroker) -> None:
        self._broker = broker

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Its threads are what there is to give jobs to."""
        self._broker._idle = threading.Semaphore(worker.worker_threads)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Nobody runs jobs any more but the test."""
        self._broker._idle = None
