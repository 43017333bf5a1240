"""Dramatiq's Prometheus middleware in our folder. To be imported in worker processes only: Dramatiq's module makes a
folder when it is imported."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dramatiq.middleware import prometheus

EVERY_S = 1.0

Labels = tuple[str, str]


class TaskMetrics(prometheus.Prometheus):
    """Counts jobs in progress, ended and failed, and how long they took, by queue and task.

    The metrics are Dramatiq's. Counting itself is done once a second for all jobs of that second: done for each, as
    Dramatiq does it, it costs a tenth of a small job (docs/performance.md).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        prometheus.DB_PATH = str(folder)
        self._running: dict[int, tuple[Labels, float]] = {}
        self._ended: deque[tuple[Labels, float, bool]] = deque()
        self._shown: set[Labels] = set()
        self._stopping = threading.Event()
        self._counting = threading.Lock()

    @property
    def forks(self) -> list[Callable[[], Any]]:
        """None: ``worker_metrics.py`` has one of its own."""
        return []

    def after_process_boot(self, broker: Any) -> None:
        """Make the metrics, and begin to count."""
        super().after_process_boot(broker)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._run, name="lastin-task-metrics", daemon=True).start()

    def before_process_message(self, broker: Any, message: Any) -> None:
        """A job begins in this thread."""
        self._running[threading.get_ident()] = (message.queue_name, message.actor_name), time.perf_counter()

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """The job of this thread has ended."""
        begun = self._running.pop(threading.get_ident(), None)
        if begun is not None:
            labels, began_at = begun
            self._ended.append((labels, time.perf_counter() - began_at, exception is not None))

    after_skip_message = after_process_message

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Count the last ones."""
        self._stopping.set()
        self.count()
        super().after_worker_shutdown(broker, worker)  # type: ignore[no-untyped-call]

    def count(self) -> None:
        """Count what has ended since the last time, and what runs now."""
        with self._counting:
            self._count()

    def _count(self) -> None:
        ended, failed, took = Counter[Labels](), Counter[Labels](), Counter[tuple[Labels, int]]()
        sums: Counter[Labels] = Counter()
        bounds = self.message_durations._upper_bounds
        for _ in range(len(self._ended)):
            labels, seconds, has_failed = self._ended.popleft()
            took_ms = int(seconds * 1000)
            ended[labels] += 1
            failed[labels] += has_failed
            sums[labels] += took_ms
            took[labels, bisect_left(bounds, took_ms)] += 1
        for labels, number in ended.items():
            self.total_messages.labels(*labels).inc(number)
            if failed[labels]:
                self.total_errored_messages.labels(*labels).inc(failed[labels])
            # prometheus_client has no way to observe many values at once.
            self.message_durations.labels(*labels)._sum.inc(sums[labels])
        for (labels, bucket), number in took.items():
            self.message_durations.labels(*labels)._buckets[bucket].inc(number)
        running = Counter(labels for labels, _ in list(self._running.values()))
        self._shown |= set(running) | set(ended)
        for labels in self._shown:
            self.inprogress_messages.labels(*labels).set(running[labels])

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self.count()
