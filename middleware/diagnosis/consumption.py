"""Is work being consumed as it should be? The reasons why not, for alerts."""

from __future__ import annotations

from collections.abc import Iterable

from ..jobs import JobStatus
from ..processes.registry import LiveProcess, threads_of
from ..queues.snapshot import QueueSnapshot

PATIENCE_S = 10.0


def stuck(queues: Iterable[QueueSnapshot], processes: Iterable[LiveProcess]) -> list[str]:
    """A sentence for each queue whose jobs may be claimed, have idle threads for them, and for 10 s weren't; and
    one for each worker that can't work any more."""
    processes = list(processes)
    found = []
    for queue in queues:
        idle = threads_of(queue.queue, processes).idle
        if queue.unclaimed_s > PATIENCE_S and idle:
            gate = f"window {queue.window.id} is open" if queue.window else "its jobs may be claimed at any time"
            found.append(
                f"Queue {queue.queue}: {gate}, {queue.counts[JobStatus.QUEUED]} jobs wait and {idle} threads are idle, "
                f"but nothing was claimed for {queue.unclaimed_s:.0f} s."
            )
    found += [
        f"Worker {process.id}: all of its {process.threads.total} threads hang in tasks that ran far beyond their time "
        f"limits: {', '.join(sorted(process.hung_jobs))}."
        for process in processes
        if process.kind == "worker" and 0 < process.threads.total <= process.threads.lost
    ]
    return found
