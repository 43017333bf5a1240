"""Dramatiq's Prometheus middleware in our folder. To be imported in worker processes only: Dramatiq's module makes a
folder when it is imported."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dramatiq.middleware import prometheus

EVERY_S = 1.0

Labels = tuple[str, str]

ENDED, FAILED, TOOK_MS, BUCKETS = range(4)
"""Where a row of numbers holds what; the buckets are its rest."""


class _ThreadCounts:
    """What one thread ran. Only that thread writes into it, and all numbers only grow, so that others may read it at
    any time without a lock."""

    __slots__ = ("begun", "rows")

    def __init__(self) -> None:
        self.begun: tuple[Labels, float] | None = None
        self.rows: dict[Labels, list[int]] = {}


class TaskMetrics(prometheus.Prometheus):
    """Counts jobs in progress, ended and failed, and how long they took, by queue and task.

    The metrics are Dramatiq's. Each thread keeps counts of its own, and once a second they are added to the metrics:
    done for each job, as Dramatiq does it, that costs a tenth of a small one (docs/performance.md).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        prometheus.DB_PATH = str(folder)
        self._threads: dict[int, _ThreadCounts] = {}
        self._bounds: list[float] = []
        self._counted: dict[tuple[int, Labels], list[int]] = {}
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
        self._bounds = self.message_durations._upper_bounds
        threading.Thread(target=self._run, name="lastin-task-metrics", daemon=True).start()

    def before_process_message(self, broker: Any, message: Any) -> None:
        """A job begins in this thread."""
        thread = threading.get_ident()
        counts = self._threads.get(thread) or self._threads.setdefault(thread, _ThreadCounts())
        counts.begun = (message.queue_name, message.actor_name), time.perf_counter()

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """The job of this thread has ended."""
        counts = self._threads.get(threading.get_ident())
        if counts is None or counts.begun is None:
            return
        (labels, began_at), counts.begun = counts.begun, None
        took_ms = int((time.perf_counter() - began_at) * 1000)
        row = counts.rows.get(labels) or counts.rows.setdefault(labels, [0] * (BUCKETS + len(self._bounds)))
        row[ENDED] += 1
        row[FAILED] += exception is not None
        row[TOOK_MS] += took_ms
        row[BUCKETS + bisect_left(self._bounds, took_ms)] += 1

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
        threads = list(self._threads.items())
        for thread, counts in threads:
            for labels, row in list(counts.rows.items()):
                now = row.copy()
                before = self._counted.get((thread, labels)) or [0] * len(now)
                self._add(labels, [later - earlier for later, earlier in zip(now, before, strict=True)])
                self._counted[thread, labels] = now
        running = Counter(begun[0] for _, counts in threads if (begun := counts.begun))
        self._shown |= set(running)
        for labels in self._shown:
            self.inprogress_messages.labels(*labels).set(running[labels])

    def _add(self, labels: Labels, row: list[int]) -> None:
        self._shown.add(labels)
        if not any(row):
            return
        self.total_messages.labels(*labels).inc(row[ENDED])
        if row[FAILED]:
            self.total_errored_messages.labels(*labels).inc(row[FAILED])
        # prometheus_client has no way to observe many values at once.
        durations = self.message_durations.labels(*labels)
        durations._sum.inc(row[TOOK_MS])
        for bucket, number in enumerate(row[BUCKETS:]):
            if number:
                durations._buckets[bucket].inc(number)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self.count()
