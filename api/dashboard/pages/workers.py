"""Who is alive, and what each runs."""

from __future__ import annotations

from middleware.jobs import JobStatus
from middleware.store.filters import JobFilter
from tasks import broker

from .. import readings
from ..answers import Live, page
from ..blueprint import dashboard

LOOKED_AT = 200


@dashboard.get("/workers")
@page
def workers() -> Live:
    """Workers and schedulers."""
    processes = readings.processes()
    alive = {process.id for process in processes}
    running = broker.store.page(JobFilter(statuses=[JobStatus.RUNNING]), limit=LOOKED_AT).jobs
    gone: dict[str, int] = {}
    for job in running:
        if job.worker is not None and job.worker not in alive:
            gone[job.worker] = gone.get(job.worker, 0) + 1
    return Live("dashboard/workers.html", {"tab": "workers", "title": "Workers", "processes": processes, "gone": gone})
