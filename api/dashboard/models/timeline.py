"""A job's life: what happened when, and how long each part of it took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from middleware.jobs import Job, JobError, JobStatus

from .. import words

ENDS = {
    JobStatus.PROCESSED: ("Processed", "good"),
    JobStatus.REJECTED: ("Rejected", "bad"),
    JobStatus.CANCELLED: ("Cancelled", ""),
    JobStatus.EXPIRED: ("Expired", ""),
    JobStatus.SUPERSEDED: ("Superseded by a newer job", ""),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened. ``took``: what lies between it and what came before; ``kind``: how it is drawn."""

    what: str
    at_us: int | None
    took: str = ""
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the life, drawn to scale, in percent."""

    kind: str
    x: float
    width: float
    title: str


def timeline_of(job: Job) -> list[Moment]:
    """From the acceptance on. Of earlier attempts only the last error is kept, and how many there were."""
    return list(_moments(job))


def _moments(job: Job) -> Iterator[Moment]:
    at, spent = job.created_at_us, "on the stack"
    yield Moment("Accepted", at, detail=f"request {job.request_id}" if job.request_id else "")
    error = job.error
    is_of_before = error is not None and error.at_us <= (job.queued_at_us or error.at_us)
    shows_failure = is_of_before and job.status is not JobStatus.REJECTED
    if (untold := job.attempts - shows_failure - _is_claimed(job)) > 0:
        yield Moment(
            f"{words.plural(untold, 'attempt')} before",
            None,
            detail="Of these the job keeps no more than the count; lines of the log tell the rest.",
        )
    if error is not None and shows_failure:
        yield _failure(job, error, at)
        at, spent = error.at_us, "of a pause"
    if job.status is JobStatus.SCHEDULED:
        yield Moment("Falls due", job.due_at_us, kind="ahead", detail="Then it goes on the stack.")
        yield from _deadline(job)
        return
    if job.queued_at_us is not None and job.queued_at_us != job.created_at_us:
        yield Moment("On the stack", job.queued_at_us, _since(at, job.queued_at_us, "before the stack"))
        at, spent = job.queued_at_us, "on the stack"
    if job.started_at_us is not None and job.started_at_us >= at and _is_claimed(job):
        attempt = f"attempt {job.attempts}" + (f" of {job.max_attempts}" if job.max_attempts else "")
        kind = "now" if job.status is JobStatus.RUNNING else ""
        yield Moment("Claimed", job.started_at_us, _since(at, job.started_at_us, spent), kind, attempt)
        at, spent = job.started_at_us, "running"
    if job.status is JobStatus.REJECTED and error is not None:
        yield _failure(job, error, at)
        at, spent = max(at, error.at_us), "more"
    yield _end(job, at, spent)
    if job.status is JobStatus.QUEUED:
        yield from _deadline(job)


def _is_claimed(job: Job) -> bool:
    """Whether its last claim comes behind all else that is told, so that its attempt is one of those."""
    return (
        job.status is not JobStatus.SCHEDULED
        and job.started_at_us is not None
        and job.started_at_us >= max(job.created_at_us, job.queued_at_us or 0)
    )


def _deadline(job: Job) -> Iterator[Moment]:
    if job.expires_at_us is not None:
        yield Moment("Expires", job.expires_at_us, kind="ahead", detail="Unless a worker claims it before.")


def _end(job: Job, at: int, spent: str) -> Moment:
    if job.status in ENDS:
        what, kind = ENDS[job.status]
        return Moment(what, job.finished_at_us, _since(at, job.finished_at_us, spent), kind, job.reason or "")
    if job.status is JobStatus.RUNNING:
        return Moment("Runs", None, kind="ahead", detail="asked to stop" if job.cancel_requested else "")
    return Moment("Waits to be claimed", None, kind="ahead")


def _failure(job: Job, error: JobError, at: int) -> Moment:
    took = _since(at, error.at_us, "running") if job.status is JobStatus.REJECTED else ""
    return Moment("Failed", error.at_us, took, "bad", f"{error.type}: {error.message}")


def _since(before_us: int, at_us: int | None, what: str) -> str:
    if at_us is None or at_us - before_us < 500:
        return ""
    return f"{words.microseconds(at_us - before_us)} {what}"


def lane_of(job: Job, now_us: int) -> list[Part]:
    """The last attempt to scale: before the stack, on it, and running."""
    end = job.finished_at_us or max(now_us, job.created_at_us)
    queued = job.queued_at_us
    started = (
        job.started_at_us if job.started_at_us is not None and (queued is None or job.started_at_us >= queued) else None
    )
    spans = [
        ("delay", job.created_at_us, queued or end, "before the stack"),
        ("wait", queued, started or end, "on the stack"),
        ("bad" if job.status is JobStatus.REJECTED else "run", started, end, "running"),
    ]
    whole = max(1, end - job.created_at_us)
    return [
        Part(
            kind=kind,
            x=round(100 * (begin - job.created_at_us) / whole, 2),
            width=round(max(0.6, 100 * (finish - begin) / whole), 2),
            title=f"{words.microseconds(finish - begin)} {what}",
        )
        for kind, begin, finish, what in spans
        if begin is not None and finish > begin
    ]
