"""Lists of jobs, read page by page to their end."""

from __future__ import annotations

from typing import Any

from middleware.jobs import Job
from middleware.store.filters import JobFilter
from middleware.store.reading import JobStore


def walk(store: JobStore, limit: int = 50, **where: Any) -> list[Job]:
    """All jobs that fit, page by page."""
    wanted = JobFilter(**where)
    jobs: list[Job] = []
    cursor = None
    for _ in range(500):
        page = store.page(wanted, limit=limit, cursor=cursor)
        jobs += page.jobs
        if page.next is None:
            return jobs
        assert page.next != cursor, "the next page is this one again"
        cursor = page.next
    raise AssertionError("the walk has no end")


def ids(jobs: list[Job]) -> list[str]:
    """Only the ids."""
    return [job.id for job in jobs]
