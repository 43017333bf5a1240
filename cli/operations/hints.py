"""What helps people on: how much there is to do, and names that nobody has."""

from __future__ import annotations

from collections.abc import Iterable

from middleware.jobs import JobStatus
from middleware.nearest import hint

from ..endings import Failed
from ..sources import Source
from . import queues, service
from .filters import Chosen

COUNTED = frozenset({"status", "task", "queue"})
"""Filters by which the statistics count jobs too."""


def expected(source: Source, where: Chosen, statuses: Iterable[JobStatus]) -> int | None:
    """About how many jobs fit; None: nobody has counted those."""
    if not where.words.keys() <= COUNTED:
        return None
    try:
        rows = service.stats(source, None)["tasks"]
    except Failed:  # the work itself may be allowed all the same
        return None
    statuses_meant = where.words.get("status") or [status.value for status in statuses]
    count = 0
    for row in rows:
        if all(row[name] in where.words.get(name, [row[name]]) for name in ("task", "queue")):
            count += sum(row["counts"][status] for status in statuses_meant)
    return count


def nobody_fits(source: Source, where: Chosen) -> str:
    """Why no job fits, where a name is unknown; begins with a space. Empty where it is only that there is no job."""
    try:
        for name in where.words.get("queue", ()):
            if name not in (known := queues.names(source)):
                return f" There is no queue {name}.{hint(name, known)}"
        for name in where.words.get("task", ()):
            if name not in (known := service.task_names(source)):
                return f" There is no task {name}.{hint(name, known)}"
    except Failed:  # the answer itself is there: this was only to help
        return ""
    return ""
