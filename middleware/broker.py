"""The broker: Dramatiq over Redis, newest first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import dramatiq
import redis
from dramatiq.middleware import default_middleware
from dramatiq.results import Results

from .commands.client import RedisClient
from .commands.types import KEYLESS, IdempotencyKey, Replication, Room, Tick, TickAnswer
from .dramatiq_fixes.signals import PatientSignals
from .enqueue.acceptance import Acceptance, Receipt, one_queue
from .enqueue.declaring import DeclaringBroker, check_name
from .enqueue.due import Due, checked_delay_ms, due_argument
from .enqueue.renewing import Work, renewed
from .jobs import Job
from .messages import MessageDetails, details_of
from .processes.maintenance import Maintenance
from .processes.registry import ProcessRegistry, Registration
from .processes.retention import Retention
from .processes.server_safety import SafetyWatch
from .queues.operated import Operated
from .redis_link.address import Address
from .redis_link.client_arguments import client_of
from .redis_link.route import pool
from .settings import Settings
from .store.joining import join, raise_rejected
from .store.moves import CancelAnswer, JobMoves, RetryAnswer
from .store.reading import JobStore
from .worker.cancellation import Cancellation
from .worker.consumer import LifoConsumer
from .worker.ended import OnEnded
from .worker.lifecycle import WorkerLifecycle
from .worker.lifecycles import WorkerLifecycles
from .worker.results import JobResults

JOIN_LOOK_MS = 20
PATIENCE_S = 5.0
"""Long enough for a restart of Redis, and short enough for a request that somebody waits for: with the last answer that
doesn't come, 10 s pass."""


class LifoBroker(Operated, DeclaringBroker):
    """Runs the newest job first, loses none, and shows them all (see ``docs/architecture.md``).

    Parameters:
      url: where Redis (6.2 or newer) or Valkey is; with REDIS_SENTINELS among the settings, user, password, database
        and TLS of whichever server is the primary. Nothing is connected before it is needed.
      client, connection_pool, parameters: instead, a ``redis.Redis``, a pool of its connections, or what it takes
        (``host``, ``port``, ``db``, …), as Dramatiq's RedisBroker does; with none of them, on localhost.
      settings: lease, crash limit and the like; the defaults if omitted.
      gated: True: until a scheduler has put a policy in force, nothing is handed out. False: continuous until then.
      middleware: instead of Dramatiq's default middleware; what the broker itself needs is added in any case.
      timeout_s: seconds to wait for an answer of Redis.
      patience_s: for how many seconds commands are repeated while Redis is away; None: until it is back, as inside a
        worker in any case.
      on_ended: is called in workers with attempts that have ended, such as :class:`logs.job_lines.JobLines`.
      now: gives µs since the epoch, for tests; by default the time is the Redis server's.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        client: redis.Redis | None = None,
        connection_pool: redis.ConnectionPool | None = None,
        settings: Settings | None = None,
        gated: bool = False,
        middleware: list[dramatiq.Middleware] | None = None,
        timeout_s: float = 5.0,
        patience_s: float | None = PATIENCE_S,
        on_ended: OnEnded | None = None,
        now: Callable[[], int] | None = None,
        **parameters: Any,
    ) -> None:
        self.client = client_of(url, client, connection_pool, parameters)
        self.settings = settings or Settings()
        self.is_gated = gated
        self._patience_s = patience_s
        self._made_at_us = now() if now else time.time_ns() // 1000
        self._own_results: Results | None = None
        if url and not client:
            address = self.settings.redis_address_at(url)
        else:
            address = Address(pool=self.client.connection_pool)
        if address.sentinels:
            self.client = redis.Redis(connection_pool=pool(address, timeout_s=timeout_s))
        self.redis = RedisClient(
            address,
            timeout_s=timeout_s,
            patience=self._patience,
            declared=lambda: self.queues,
            default_gate="closed" if gated else "open",
            spin_us=self.settings.redis_spin_us,
            replica_url=self.settings.redis_replica_url,
            replication=Replication(self.settings.wait_replicas, self.settings.wait_ms),
            now=now,
        )
        cancellation = Cancellation()
        self._workers = WorkerLifecycles(
            lambda is_process: WorkerLifecycle(self.redis, self.settings, cancellation, on_ended, is_process=is_process)
        )
        # This one is first, so that its hooks come before all others' and its after-hooks behind them.
        standard = [m() for m in default_middleware] if middleware is None else middleware
        super().__init__([self._workers, cancellation, *standard, PatientSignals(self._workers.hurry)])
        self.store = JobStore(self.redis, details_of=self._details_of)
        self.moves = JobMoves(self.redis, store=self.store)
        self.registry = ProcessRegistry(self.redis)
        self._acceptance = Acceptance(
            self.redis,
            store=self.store,
            details_of=self._details_of,
            fresh_work=self.fresh_work,
            retention=Retention(self.redis, self.settings),
        )
        if not any(isinstance(m, Results) for m in self.middleware):
            results = Results(backend=JobResults(self.store.get))
            self.add_middleware(results)
            self._own_results = results

    def add_middleware(
        self,
        middleware: dramatiq.Middleware,
        *,
        before: type[dramatiq.Middleware] | None = None,
        after: type[dramatiq.Middleware] | None = None,
    ) -> None:
        """As Dramatiq's; the program's own ``Results`` take the place of those that keep results on jobs."""
        if isinstance(middleware, Results) and self._own_results in self.middleware:
            self.middleware.remove(self._own_results)
        super().add_middleware(middleware, before=before, after=after)

    def fail_fast(self, *, timeout_s: float = 0.4, patience_s: float = 0.5) -> None:
        """For programs that answer requests: from now on commands give up within a second when Redis is away, and
        ``MAX_QUEUED``, ``MAX_QUEUED_BYTES`` and ``WHEN_FULL`` hold. What tasks enqueue is never refused for it, and
        drops none: that would be to lose."""
        self._patience_s = patience_s
        drops_oldest = self.settings.when_full == "drop_oldest"
        self._acceptance.room = Room(self.settings.max_queued, drops_oldest, self.settings.max_queued_bytes)
        self.redis.answer_within(timeout_s)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> LifoConsumer:
        """A consumer of one queue. Inside a Worker, ``prefetch`` isn't used: only idle threads get jobs.

        Raises:
          UnknownQueueError: no actor declares the queue.
        """
        self.require(queue_name)
        return self._workers.consumer(queue_name, prefetch=prefetch, timeout_ms=timeout)

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Accept a message as a job, to run at once or after ``delay`` milliseconds. Its queue may be one that only
        another program declares.

        Inside a worker, a message that is being run is not enqueued: that is how middleware asks for a retry, and the
        settlement that follows will carry it.

        If it fails, the hooks ``after_failed_enqueue`` of middleware that has any are called, instead of
        ``after_enqueue``, with ``exception``.

        Raises:
          as :meth:`accept`, but for UnknownQueueError.
        """
        try:
            self.emit_before("enqueue", message, delay)
            self._enqueue(message, delay)
        except BaseException as error:
            self.emit_after("failed_enqueue", message, delay, exception=error)
            raise
        self.emit_after("enqueue", message, delay)
        return message

    def accept(
        self,
        messages: Sequence[dramatiq.Message[Any]],
        *,
        delay_ms: int | None = None,
        due_at_us: int | None = None,
        dues: Sequence[Due] | None = None,
    ) -> list[Job]:
        """Accept messages of one queue as jobs, all or none, the last one on top; they run at once, after
        ``delay_ms``, or from ``due_at_us`` (µs since the epoch), or each as ``dues`` says.

        Raises:
          RedisAwayError: patience ended; the jobs may have been accepted all the same, and enqueueing the same
            messages again tells (DuplicateJobError).
          TooFewReplicasError: patience ended; the jobs were accepted, and a failover may lose them. Enqueueing the same
            messages again waits for the replicas once more, and then tells (DuplicateJobError).
          RedisRefusedError: the password is wrong; at once, but inside a worker.
          QueueFullError: ``maxmemory`` is reached.
          LargerThanQueueError: after :meth:`fail_fast`, these are more jobs than ``MAX_QUEUED`` lets wait, or more
            bytes than ``MAX_QUEUED_BYTES``.
          TooManyWaitingError: after :meth:`fail_fast`, as many jobs wait as ``MAX_QUEUED`` lets wait, or as many bytes
            as ``MAX_QUEUED_BYTES``.
          DuplicateJobError: a job with one of the ids exists.
          UnknownQueueError: no actor declares the queue.
          ValueError: the messages are of several queues, too many or none, an id is too long, one has more than 16
            tags, what it says of its deadline, subject or group makes no sense, or they would fall due after a delay of
            more than a century, or after the year 9999.
        """
        dues = dues or [Due(delay_ms, due_at_us)] * len(messages)
        return self.accept_once(messages, dues).jobs

    def accept_once(
        self, messages: Sequence[dramatiq.Message[Any]], dues: Sequence[Due], *, key: IdempotencyKey = KEYLESS
    ) -> Receipt:
        """As :meth:`accept`, but a request that was carried out within a day under the same ``key`` makes nothing more:
        its jobs are given as they are now.

        Raises:
          KeyReusedError: another request was sent under this key.
          ReplayGoneError: jobs of the first time have been pruned.
          others: as :meth:`accept`; what is refused leaves the key free.
        """
        queue = one_queue(messages)
        self.require(queue)
        arguments = [due_argument(message, due) for message, due in zip(messages, dues, strict=True)]
        return self._acceptance.accept(queue, messages, arguments, key=key)

    def accept_tick(self, message: dramatiq.Message[Any], tick: Tick) -> TickAnswer:
        """Accept a message as the job of a recurring job's tick: once, however many schedulers ask, and however often.
        ``MAX_QUEUED`` doesn't bound these.

        Raises:
          RedisAwayError: the tick may have been decided all the same; asking again does no harm.
          QueueFullError: ``maxmemory`` is reached.
          UnknownQueueError: no actor declares the queue.
        """
        queue = one_queue([message])
        self.require(queue)
        return self._acceptance.accept_tick(queue, message, tick)

    def cancel(self, id: str, *, reason: str = "requested") -> CancelAnswer:
        """Cancel a job: one that waits ends at once; one that runs is asked to stop (its flag is set, and its thread is
        interrupted unless its task has ``interrupt=False``).

        Raises:
          RedisAwayError: patience ended.
        """
        return self.moves.cancel(id, reason)

    def retry(self, id: str, *, reason: str = "") -> RetryAnswer:
        """Put a rejected, cancelled or expired job back, on top of the stack, with its retries to be counted anew.

        ``reason`` is kept on the job, unless it ends for another reason.

        Raises:
          RedisAwayError: patience ended.
        """
        return self.moves.retry(id, reason)

    def renewed(self, work: Work) -> Work:
        """A copy of a message, a pipeline or a group that can be run again: its jobs get ids of their own."""
        return renewed(work)

    def flush(self, queue_name: str) -> None:
        """Drop all waiting jobs of a queue; running and finished ones stay."""
        while self.redis.queue(queue_name).flush():
            pass

    def flush_all(self) -> None:
        """Drop all waiting jobs of all declared queues."""
        for queue in self.queues:
            self.flush(queue)

    def join(
        self, queue_name: str, *, timeout: int | None = None, interval: float = JOIN_LOOK_MS, fail_fast: bool = False
    ) -> None:
        """Wait until no job of the queue waits or runs (for tests), at most ``timeout`` milliseconds, looking every
        ``interval`` milliseconds. With ``fail_fast``, say so if one was rejected since this broker was made.

        Raises:
          QueueJoinTimeout: there are jobs still.
          JobRejectedError: one was rejected.
        """
        join(self.redis, queue_name, timeout_ms=timeout, interval_ms=interval)
        if fail_fast:
            raise_rejected(self.store, queue_name, self._made_at_us)

    def close(self) -> None:
        """Put back what a worker still holds, and drop the connections of this thread."""
        self._workers.close()
        self.redis.link.close()

    def new_maintenance(
        self, *, registration: Registration | None = None, safety: SafetyWatch | None = None
    ) -> Maintenance:
        """The maintenance of all declared queues for a process that runs no worker, not yet started. It renews
        ``registration``, and lets ``safety`` look at the server."""
        return Maintenance(
            self.redis, self.settings, lambda: sorted(self.queues), registration=registration, safety=safety
        )

    def _enqueue(self, message: dramatiq.Message[Any], delay: int | None) -> None:
        held = self._workers.held(message)
        if held is not None:
            held.note_retry(getattr(message, "_message", message), checked_delay_ms(delay or 0))
            return
        queue = one_queue([message])
        check_name(queue)
        self._acceptance.accept(queue, [message], [due_argument(message, Due(delay))])

    def _patience(self) -> float | None:
        # A task that enqueues waits for Redis whatever the settings: failing it would only run it again.
        return None if self._workers.at_work else self._patience_s

    def _details_of(self, message: dramatiq.Message[Any]) -> MessageDetails:
        return details_of(message, self.actors.get(message.actor_name))
