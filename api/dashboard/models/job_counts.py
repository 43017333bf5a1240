"""How many jobs there are in each state among those that are asked for, where that can be told without looking at
each."""

from __future__ import annotations

from collections.abc import Mapping

from middleware.jobs import JobStatus
from middleware.queues.snapshot import QueueSnapshot
from middleware.statistics.stats import Stats

from ..job_filters import JobsAsked

Counts = Mapping[JobStatus, int]


def counts_of(asked: JobsAsked, queues: Mapping[str, QueueSnapshot], stats: Stats) -> Counts | None:
    """By state, whatever state is asked for; None: only looking at each job would tell."""
    if asked.window is not None or asked.tag is not None or asked.is_by_time:
        return None
    if asked.task is None:
        chosen = [queue for name, queue in queues.items() if asked.queue in (None, name)]
        return {status: sum(queue.counts[status] for queue in chosen) for status in JobStatus}
    found = [
        summary.counts
        for (queue, task), summary in stats.tasks.items()
        if task == asked.task and asked.queue in (None, queue)
    ]
    return {status: sum(counts[status.value] for counts in found) for status in JobStatus} if found else None


def total(counts: Counts | None, status: JobStatus | None) -> int | None:
    """Of one state, or of all."""
    if counts is None:
        return None
    return counts[status] if status is not None else sum(counts.values())
