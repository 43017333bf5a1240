"""The worker's side of the broker: who is idle, the settlers of all queues, and the maintenance."""

from __future__ import annotations

import logging
import math
import os
import threading
from typing import Any, cast

import dramatiq

from ..commands.client import RedisClient
from ..commands.types import Token
from ..dramatiq_fixes.shutdown import ThreadGroup
from ..dramatiq_fixes.work_queue import WorkQueue
from ..errors import SettingsError
from ..messages import time_limit_s
from ..processes.maintenance import Maintenance
from ..processes.registry import Registration, process_name
from ..processes.server_safety import SafetyWatch, end_process
from ..redis_link.spin import Spin
from ..settings import Settings, exit_with
from ..words import counted, duration
from .cancellation import Cancellation, Listener
from .consumer import Doorbell, LifoConsumer
from .delivery import Delivery
from .ended import OnEnded
from .idle_threads import IdleThreads
from .settling import Settler

logger = logging.getLogger(__name__)


class WorkerLifecycle:
    """Follows one ``Worker`` from its boot to its shutdown."""

    def __init__(
        self,
        redis: RedisClient,
        settings: Settings,
        cancellation: Cancellation,
        on_ended: OnEnded | None = None,
        *,
        is_process: bool = False,
    ) -> None:
        """``is_process``: this process lives for the worker alone, as those of Dramatiq's command line do."""
        self._redis = redis
        self._settings = settings
        self._cancellation = cancellation
        self._tell_ended = on_ended
        self._lock = threading.Lock()
        self._settlers: dict[str, Settler] = {}
        self._idle_threads: IdleThreads | None = None
        self._worker: dramatiq.Worker | None = None
        self._work_queue: WorkQueue[Any] | None = None
        self._maintenance: Maintenance | None = None
        self._registration: Registration | None = None
        self._safety: SafetyWatch | None = None
        self._listener: Listener | None = None
        self._threads: ThreadGroup | None = None
        self._is_process = is_process
        self._is_hurried = False
        self.name = ""

    def holds(self, delivery: Delivery) -> bool:
        """Whether a thread of this worker runs it, and hasn't settled it yet."""
        settler = self._settlers.get(delivery.queue_name)
        return settler is not None and delivery in settler.held

    def consumer(self, queue: str, *, prefetch: int, timeout_ms: int) -> LifoConsumer:
        """A consumer of this queue; all consumers of a process share its idle threads and the queue's settler."""
        with self._lock:
            # Without a Worker (a program that iterates by itself) the prefetch says how many may be held.
            if self._idle_threads is None:
                self._idle_threads = IdleThreads(max(1, prefetch))
            settler = self._settlers.get(queue) or self._settlers.setdefault(
                queue, self._new_settler(queue, self._idle_threads)
            )
            doorbell = Doorbell(queue, self._redis.new_link())
            return LifoConsumer(
                settler, doorbell, self._idle_threads, timeout_s=timeout_ms / 1000, outage=self._redis.outage
            )

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """The worker's threads are what there is to give jobs to. A name in QUEUES that nobody declares ends the
        process: its jobs would wait for this worker in vain."""
        wanted = self._settings.queues
        if unknown := sorted(wanted - set(broker.queues)):
            declared = ", ".join(sorted(broker.queues)) or "none"
            exit_with(SettingsError(f"QUEUES names {', '.join(unknown)}, but the declared queues are: {declared}."))
        self._safety = SafetyWatch(
            self._settings.durability,
            self._settings.wait_replicas,
            on_cluster=end_process if self._is_process else None,
        )
        self._safety.look_first(self._redis.new_link())
        self.name = process_name()
        self._worker = worker
        self._idle_threads = IdleThreads(worker.worker_threads)
        self._work_queue = WorkQueue(worker.worker_threads)
        worker.work_queue = cast("Any", self._work_queue)
        if wanted and not worker.consumer_whitelist:
            worker.consumer_whitelist = set(wanted)

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """From now on this process sends heartbeats and maintains the queues."""
        self._registration = Registration(
            self.name,
            "worker",
            lease_us=self._settings.lease_us,
            queues=lambda: set(broker.queues) & (worker.consumer_whitelist or set(broker.queues)),
            threads=worker.worker_threads,
            hung_jobs=lambda: list(self._idle_threads.hung_jobs) if self._idle_threads else [],
        )
        self._maintenance = Maintenance(
            self._redis,
            self._settings,
            lambda: sorted(broker.queues),
            held=self._tokens,
            on_cancel=self._cancel,
            on_lost=self._lose_lease,
            registration=self._registration,
            safety=self._safety,
        )
        self._maintenance.start()
        self._listener = Listener(self._redis.new_link(), self._cancel)
        self._listener.start()
        queues = sorted(set(broker.queues) & (worker.consumer_whitelist or set(broker.queues)))
        logger.info(
            "Ready: %s for jobs of %s.",
            counted(worker.worker_threads, "thread"),
            f"queue {queues[0]}" if len(queues) == 1 else f"{len(queues)} queues: {', '.join(queues)}",
        )

    def before_worker_shutdown(self, worker: dramatiq.Worker) -> None:
        """Claim nothing more; running jobs go on and are settled, for as long as the worker's threads are given."""
        wake_idle = self._work_queue.close if self._work_queue is not None else lambda: None
        self._threads = ThreadGroup(worker.workers, on_stop=wake_idle, on_join=self._log_what_runs)
        if self._is_hurried:
            self._threads.hurry()
        worker.workers = cast("Any", [self._threads])
        for settler in self._settlers.values():
            settler.stop_claiming()
        if self._registration is not None and self._maintenance is not None:
            self._registration.stopping = True
            self._maintenance.hurry()

    def hurry(self) -> None:
        """The worker shuts down, and nobody wants to wait for running jobs any more: put them back now. A signal
        handler may call it."""
        self._is_hurried = True
        if self._threads is not None:
            self._threads.hurry()

    def close(self) -> None:
        """Put back everything that is held, and stop the maintenance."""
        for settler in self._settlers.values():
            settler.close()
        if self._maintenance is not None:
            self._maintenance.stop()
        if self._listener is not None:
            self._listener.stop()
        if self._work_queue is not None:
            self._work_queue.close()
        self._settlers.clear()
        self._idle_threads = self._maintenance = self._registration = self._listener = self._worker = None

    def _new_settler(self, queue: str, idle_threads: IdleThreads) -> Settler:
        # Where there are several threads, the one that waits leaves the interpreter to the others.
        is_single = self._worker is not None and idle_threads.total == 1
        spin_us = self._settings.redis_spin_us if is_single else 0
        link = self._redis.new_link(Spin(spin_us) if spin_us else None)
        self.name = self.name or process_name()
        return Settler(
            self._redis.queue_over(queue, link),
            link,
            worker=self.name,
            lease_us=self._settings.lease_us,
            idle_threads=idle_threads,
            deliver=self._deliver if self._worker is not None else None,
            on_due=lambda until_us: self._maintenance.expect_due(queue, until_us) if self._maintenance else None,
            is_paused=lambda: self._is_paused(queue),
            keep_progress=lambda token, words: self._redis.queue(queue).progress(token, words),
            on_ended=self._tell_ended,
        )

    def _deliver(self, delivery: Delivery) -> None:
        if self._worker is not None:
            self._worker.consumers[delivery.queue_name].handle_message(delivery)

    def _is_paused(self, queue: str) -> bool:
        """Whether ``Worker.pause()`` holds; Dramatiq's own consumer thread looks only when no job comes."""
        thread = self._worker.consumers.get(queue) if self._worker is not None else None
        return thread is not None and thread.paused

    def _log_what_runs(self, timeout_s: float) -> None:
        running = sum(len(settler.held) for settler in self._settlers.values())
        if running:
            still = f"{counted(running, 'job')} still {'runs' if running == 1 else 'run'}"
            logger.info("Stops; %s, up to %s more.", still, duration(timeout_s * 1e6), extra={"running": running})
        else:
            logger.info("Stops; no job runs.", extra={"running": 0})

    def _cancel(self, id: str) -> None:
        for settler in list(self._settlers.values()):
            if (delivery := settler.held.get(id)) is not None:
                self._cancellation.request(delivery)

    def _tokens(self, queue: str) -> list[Token]:
        settler = self._settlers.get(queue)
        if settler is None:
            return []
        for delivery in settler.held.hung(self._longest_s):
            self._give_up(settler, delivery)
        return settler.held.tokens_to_renew()

    def _lose_lease(self, queue: str, id: str) -> None:
        if (settler := self._settlers.get(queue)) is not None:
            settler.held.lose_lease(id)

    def _longest_s(self, delivery: Delivery) -> float:
        """For how many seconds a task may run before it counts as hung: its time limit, and a lease."""
        if self._worker is None:
            return math.inf
        limit_s = time_limit_s(delivery.actor_name, delivery.options, self._worker.broker)
        return limit_s + self._settings.lease_s

    def _give_up(self, settler: Settler, delivery: Delivery) -> None:
        settler.give_up(delivery)
        logger.error(
            "Job %s (%s) of queue %r hangs: it runs on long after its time limit, in code that can't be interrupted. "
            "Its lease isn't renewed any more, and its thread is lost until it comes back.",
            *(delivery.message_id, delivery.actor_name, settler.queue),
        )
        threads = self._idle_threads
        all_hang = threads is not None and len(threads.hung_jobs) >= threads.total
        if all_hang and self._is_process and self._settings.worker_restart_when_hung:
            self._end_process()

    def _end_process(self) -> None:
        """No thread is left to work: let the platform start this process anew. Its threads can't be ended otherwise."""
        logger.critical("All threads of this worker hang. It ends with status %d, to be started anew.", os.EX_TEMPFAIL)
        for settler in self._settlers.values():
            settler.close()
        logging.shutdown()
        os._exit(os.EX_TEMPFAIL)
