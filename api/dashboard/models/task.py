"""A task's figures: how often it runs, for how long, and how it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from middleware.jobs import Job
from middleware.statistics.stats import Stats, Summary
from tasks import Task


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task of a queue. ``task``: its declaration, where this service has it; ``times``: of waits and runs in ms;
    ``failure_share``: of what ended in the last 15 minutes; None where nothing did."""

    name: str
    queue: str
    task: Task | None
    summary: Summary | None
    wait: Mapping[str, Any]
    run: Mapping[str, Any]
    failure_share: float | None


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Rejected jobs whose errors are of one type. ``last``: the one that was accepted last."""

    type: str
    count: int
    last: Job


NO_TIMES: Mapping[str, Any] = {"count": 0, "mean": None, "p50": None, "p90": None, "p99": None}


def rows_of(tasks: Iterable[Task], stats: Stats) -> list[TaskRow]:
    """The tasks that are declared here, then those of other programs."""
    declared = {(task.queue, task.name): task for task in tasks}
    keys = [*declared, *(key for key in stats.tasks if key not in declared)]
    return [row_of(name, queue, declared.get((queue, name)), stats) for queue, name in keys]


def row_of(name: str, queue: str, task: Task | None, stats: Stats) -> TaskRow:
    """A task of a queue."""
    summary = stats.tasks.get((queue, name))
    told = None if summary is None else summary.as_dict()
    return TaskRow(
        name=name,
        queue=queue,
        task=task,
        summary=summary,
        wait=told["wait_ms"] if told else NO_TIMES,
        run=told["run_ms"] if told else NO_TIMES,
        failure_share=None if summary is None else _failure_share(summary),
    )


def _failure_share(summary: Summary) -> float | None:
    rates = summary.rates["15m"]
    ended = rates["processed"] + rates["rejected"]
    return rates["rejected"] / ended if ended else None


def groups_of(rejected: Iterable[Job]) -> list[ErrorGroup]:
    """By type of error, the most frequent first. Jobs come newest first."""
    found: dict[str, list[Job]] = {}
    for job in rejected:
        found.setdefault(job.error.type if job.error else (job.reason or "rejected"), []).append(job)
    groups = [ErrorGroup(name, len(jobs), jobs[0]) for name, jobs in found.items()]
    return sorted(groups, key=lambda group: -group.count)
