"""What people do to a job that is there: call it off, or have it run again."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from middleware.jobs import WHY_NOT_RETRIED, JobStatus
from middleware.logs.job_lines import log_cancelled
from tasks import broker
from tasks.payload import StrictSchema

from .access.auth import retried, with_subject
from .contract import ETAG
from .jobs import ID, existing_job, job_answer, jobs, no_such_job
from .schemas import jobs as schemas
from .wire.problems import FINISHED, NOT_RETRYABLE, ProblemError

REASON = "requested"


def reason_field() -> fields.String:
    """Why jobs are cancelled."""
    return fields.String(
        load_default=REASON,
        validate=validate.Length(min=1, max=500),
        metadata={"description": "Kept on the job as its reason.", "examples": ["The order was withdrawn."]},
    )


class CancelBody(StrictSchema):
    """Why a job is cancelled."""

    reason = reason_field()


class RetryBody(StrictSchema):
    """Nothing can be said yet: the body may be left out."""


@jobs.route("/<job:job_id>/cancel", parameters=[ID], methods=("POST",))
@jobs.arguments(CancelBody(), required=False, example={"reason": "The order was withdrawn."})
@jobs.response(200, schemas.Job, headers=ETAG, description="It is cancelled")
@jobs.response(202, schemas.Job, headers=ETAG, description="It runs, and was asked to stop")
@jobs.links(200, "/id", "job_id", "retry_job")
@jobs.problems(404, 409, 413, 415, 503)
def cancel_job(body: dict[str, Any], job_id: str) -> Response:
    """Call a job off

    One that waits ends at once. One that runs is asked to stop, and ends as cancelled if its task heeds that; it may
    also end well before. To cancel again changes nothing.
    """
    word = broker.cancel(job_id, reason=with_subject(body["reason"]))
    if word == "missing":
        raise no_such_job()
    job = existing_job(job_id)
    if word == "finished":
        raise ProblemError(FINISHED, f"The job is {job.status}: there is nothing left to cancel.")
    if word == "cancelled":
        log_cancelled(job, broker.settings.log_jobs)
    is_cancelled = word == "cancelled" or job.status is JobStatus.CANCELLED
    return job_answer(job, 200 if is_cancelled else 202)


@jobs.route("/<job:job_id>/retry", parameters=[ID], methods=("POST",))
@jobs.arguments(RetryBody(), required=False, example={})
@jobs.response(200, schemas.Job, headers=ETAG, description="It waits on top of its stack")
@jobs.problems(404, 409, 413, 415, 503)
def retry_job(body: dict[str, Any], job_id: str) -> Response:
    """Run a job that ended badly again

    A job that was rejected, cancelled or has expired goes back, on top of its queue's stack; its task's retries are
    counted anew.
    """
    word = broker.retry(job_id, reason=retried())
    if word == "missing":
        raise no_such_job()
    if word != "queued":
        raise ProblemError(NOT_RETRYABLE, WHY_NOT_RETRIED[word])
    return job_answer(existing_job(job_id))
