"""The part of the model that says what newer jobs of a subject do to older ones."""

from __future__ import annotations

from .entries import PROCESSED, QUEUED, RUNNING, SCHEDULED, SUPERSEDED, ModelJob

NO_SUBJECT: tuple[str | None, int, bool] = (None, 0, False)
"""The subject of a job, for how many µs newer ones may take its turn (0: no bound), whether it stops what runs."""


class ModelSubjects:
    """The jobs, and how they end."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.jobs: dict[str, ModelJob] = {}
        self.freshest: dict[str, str] = {}

    def alive(self, subject: str | None) -> list[ModelJob]:
        """The jobs of a subject that wait or run, and the newest one that was processed, by age."""
        its = [job for job in self.jobs.values() if subject is not None and job.subject == subject]
        return sorted(
            (j for j in its if j.status in (SCHEDULED, QUEUED, RUNNING) or self.freshest.get(j.subject or "") == j.id),
            key=lambda job: job.age,
        )

    def newer(self, job: ModelJob) -> str | None:
        """The newest of its subject, if that is newer."""
        newer = [other.id for other in self.alive(job.subject) if other.age > job.age]
        return newer[-1] if newer else None

    def take_over(self, job: ModelJob, max_defer: int, stops_running: bool) -> set[str]:
        """It takes the turn of the older ones; the ids of those that are superseded."""
        older = [other for other in self.alive(job.subject) if other.age < job.age]
        for other in older:
            if other.status == RUNNING and stops_running and other.cancel is None:
                other.cancel, other.superseded_by = "superseded", job.id
        waiting = [other for other in older if other.status in (QUEUED, SCHEDULED)]
        behind = any(other.behind for other in waiting[1:])
        first = waiting[behind] if waiting else None
        job.since = None if first is None else (first.since or first.seq)
        if job.since is not None and max_defer and not behind and self.now - job.since >= max_defer:
            behind, job.since = True, self.now
        job.behind = behind or None
        for other in waiting[behind:]:
            other.superseded_by = job.id
            self._finish(other, SUPERSEDED, None)
        return {other.id for other in waiting[behind:]}

    def forget(self, job: ModelJob) -> None:
        """It is deleted."""
        del self.jobs[job.id]
        if job.subject is not None and self.freshest.get(job.subject) == job.id:
            del self.freshest[job.subject]

    def _finish(self, job: ModelJob, status: str, reason: str | None) -> None:
        job.status, job.finished, job.reason = status, self.now, reason or job.reason
        if job.subject is None:
            return
        if status == PROCESSED:
            fresh = self.jobs.get(self.freshest.get(job.subject, ""))
            if fresh is None or fresh.age < job.age:
                self.freshest[job.subject] = job.id
        if status != SUPERSEDED:
            job.superseded_by = None
