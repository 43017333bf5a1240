"""The workers of a program: mostly one, and each has a lifecycle of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import dramatiq

from .consumer import LifoConsumer
from .context import CurrentDelivery, running_delivery
from .delivery import Delivery
from .lifecycle import WorkerLifecycle


class WorkerLifecycles(CurrentDelivery):
    """Dramatiq middleware that gives each ``Worker`` of a broker its lifecycle, from its boot to its shutdown.

    Parameters:
      new_lifecycle: makes one; its argument says whether the process is one of Dramatiq's command line.
    """

    def __init__(self, new_lifecycle: Callable[[bool], WorkerLifecycle]) -> None:
        self._new_lifecycle = new_lifecycle
        self._is_process = False
        self._of_worker: dict[dramatiq.Worker, WorkerLifecycle] = {}
        self._of_program = new_lifecycle(False)
        """For a program that iterates over a consumer by itself."""

    @property
    def at_work(self) -> bool:
        """True in a process that runs a worker."""
        return bool(self._of_worker)

    def held(self, message: Any) -> Delivery | None:
        """The delivery of a message that a worker of this process holds, if it is one."""
        delivery = running_delivery(message)
        is_held = delivery is not None and any(lifecycle.holds(delivery) for lifecycle in self._all())
        return delivery if is_held else None

    def consumer(self, queue: str, *, prefetch: int, timeout_ms: int) -> LifoConsumer:
        """A consumer of this queue, for the worker whose thread asks. All consumers of a worker share its idle threads,
        and those of a queue its settler."""
        # Dramatiq doesn't say who asks, but its thread has the worker's own queue.
        work_queue = getattr(threading.current_thread(), "work_queue", None)
        mine = [lifecycle for worker, lifecycle in self._of_worker.items() if worker.work_queue is work_queue]
        return (mine or [self._of_program])[0].consumer(queue, prefetch=prefetch, timeout_ms=timeout_ms)

    def hurry(self) -> None:
        """The workers shut down, and nobody wants to wait for running jobs any more. A signal handler may call it."""
        for lifecycle in list(self._of_worker.values()):
            lifecycle.hurry()

    def close(self) -> None:
        """Put back everything that is held, and stop the maintenance."""
        for lifecycle in self._all():
            lifecycle.close()
        self._of_worker.clear()

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """This is a process of the command line's, which lives for its worker alone."""
        self._is_process = True

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """A worker begins."""
        lifecycle = self._new_lifecycle(self._is_process)
        lifecycle.before_worker_boot(broker, worker)
        self._of_worker[worker] = lifecycle

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Its threads are there."""
        self._of_worker[worker].after_worker_boot(broker, worker)

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """It claims nothing more; running jobs go on and are settled, for as long as its threads are given."""
        if worker in self._of_worker:
            self._of_worker[worker].before_worker_shutdown(worker)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Put back what still runs, since its time is up, and stop."""
        if (lifecycle := self._of_worker.pop(worker, None)) is not None:
            lifecycle.close()

    def _all(self) -> list[WorkerLifecycle]:
        return [*self._of_worker.values(), self._of_program]
