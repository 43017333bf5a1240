"""What the checker of histories knows of subjects, from the log alone."""

from __future__ import annotations

from middleware.jobs import JobStatus

from .known import KnownJob

BEGUN = frozenset({JobStatus.RUNNING, JobStatus.PROCESSED})


class KnownSubjects:
    """Of each subject, the jobs that wait or run, and the newest one that was processed, until it is forgotten."""

    def __init__(self) -> None:
        self._alive: dict[str, dict[str, KnownJob]] = {}
        self._freshest: dict[str, tuple[int, str]] = {}

    def add(self, id: str, job: KnownJob, subject: str) -> None:
        """A new job."""
        job.subject = subject
        self.note(id, job)

    def note(self, id: str, job: KnownJob) -> None:
        """It has another status."""
        if not job.subject:
            return
        alive = self._alive.setdefault(job.subject, {})
        if job.status is JobStatus.PROCESSED:
            age, fresh = self._freshest.get(job.subject, (0, ""))
            alive.pop(fresh if age < job.age else id, None)
            if age < job.age:
                self._freshest[job.subject], alive[id] = (job.age, id), job
        elif job.status.is_final:
            alive.pop(id, None)
        else:
            alive[id] = job

    def discard(self, id: str, job: KnownJob) -> None:
        """It is forgotten."""
        self._alive.get(job.subject, {}).pop(id, None)
        if self._freshest.get(job.subject, (0, ""))[1] == id:
            del self._freshest[job.subject]

    def newer(self, job: KnownJob, *, has_begun: bool = False) -> list[str]:
        """The ids of newer jobs of its subject; only of those that run or were processed, if ``has_begun``."""
        alive = self._alive.get(job.subject, {}) if job.subject else {}
        return [id for id, other in alive.items() if other.age > job.age and (not has_begun or other.status in BEGUN)]
