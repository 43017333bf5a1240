"""Running a job as Dramatiq's worker does, but in the calling thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, PriorityQueue
from typing import Any

import dramatiq
from dramatiq.worker import ConsumerThread, WorkerThread

from ..commands.types import Settlement
from ..worker.delivery import Delivery
from .stub_consumer import StubConsumer

TIMEOUT_MS = 100


def process(broker: dramatiq.Broker, delivery: Delivery, settle: Callable[[Delivery, Settlement], None]) -> None:
    """Run a claimed job to its end, with all middleware; a job that nobody can run is rejected.

    Dramatiq's own threads do it, which are never started: so whatever they do around a task is done here.
    """
    name, work_queue = delivery.queue_name, PriorityQueue[Any]()
    consumer = ConsumerThread(
        broker=broker, queue_name=name, prefetch=1, work_queue=work_queue, worker_timeout=TIMEOUT_MS
    )
    consumer.consumer = StubConsumer(lambda: None, settle, idle=threading.Semaphore(0), timeout_s=0)
    worker = WorkerThread(broker=broker, consumers={name: consumer}, work_queue=work_queue, worker_timeout=TIMEOUT_MS)
    consumer.handle_message(delivery)
    try:
        item = work_queue.get_nowait()
    except Empty:
        return
    worker.process_message(item.message)
