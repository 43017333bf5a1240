"""A job as a row of a table: what it waited and ran, as one small bar."""

from __future__ import annotations

from dataclasses import dataclass

from middleware.jobs import CANCELLABLE, RETRYABLE, Job, JobStatus

from .. import words


@dataclass(frozen=True, slots=True)
class Row:
    """``wait`` and ``run``: the parts of the bar, in percent; ``reason``: why it is as it is, in a few words."""

    job: Job
    payload: str
    wait_ms: float | None
    run_ms: float | None
    wait: float
    run: float
    reason: str

    @property
    def may_change(self) -> bool:
        """Whether there is anything to do to it: cancel it, or retry it."""
        return self.job.status in CANCELLABLE | RETRYABLE


def row_of(job: Job, now_us: int) -> Row:
    """The row of a job; one that waits or runs still has waited and run until now."""
    wait_ms, run_ms = job.wait_ms, job.run_ms
    if job.status is JobStatus.QUEUED and job.queued_at_us is not None:
        wait_ms = max(0, now_us - job.queued_at_us) / 1e3
        run_ms = None
    elif job.status is JobStatus.RUNNING and job.started_at_us is not None:
        run_ms = max(0, now_us - job.started_at_us) / 1e3
    elif job.status is JobStatus.SCHEDULED:
        wait_ms = run_ms = None
    if job.status is JobStatus.QUEUED:
        wait_ms = max(wait_ms or 0, 0.001)  # it waits, if only just
    whole = (wait_ms or 0) + (run_ms or 0)
    wait = round(100 * (wait_ms or 0) / whole, 1) if whole else 0.0
    return Row(
        job,
        words.first_words(job.payload),
        wait_ms,
        run_ms,
        wait,
        round(100 - wait, 1) if run_ms else 0.0,
        _reason(job),
    )


def _reason(job: Job) -> str:
    if job.error is not None and job.status in (JobStatus.REJECTED, JobStatus.SCHEDULED):
        return f"{job.error.type}: {job.error.message}"
    if job.status is JobStatus.RUNNING and job.progress is not None:
        note = f", {job.progress.note}" if job.progress.note else ""
        return f"{words.percent(job.progress.share)} done{note}"
    if job.cancel_requested:
        return "asked to stop"
    return job.reason or job.result_error or ""
