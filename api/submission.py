"""Submitting jobs: one at a time."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from middleware.jobs import Job
from tasks import broker

from . import schemas
from .contract import ETAG
from .jobs import job_answer, jobs
from .new_jobs import NewJob, NewJobBody
from .tracing import current_request_id, current_traceparent

LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string", "format": "uri-reference"}}}

TRACING = {
    "X_Request_Id": "An id of yours for this request, at most 128 visible ASCII characters: kept on the job.",
    "traceparent": "The W3C trace context: kept on the job.",
}


@jobs.route("", methods=("POST",))
@jobs.headers(**TRACING)
@jobs.arguments(NewJobBody())
@jobs.response(201, schemas.Job, headers={**LOCATION, **ETAG})
@jobs.problems(413, 415, 503)
def submit_job(new: NewJob) -> Response:
    """Submit a job

    It goes on top of its queue's stack: the newest runs first.
    """
    job = accept(new)
    return job_answer(job, 201, Location=url_for("jobs.show_job", job_id=job.id))


def accept(new: NewJob) -> Job:
    """Put a job on its queue's stack.

    Raises:
      RedisAwayError, QueueFullError: it wasn't accepted.
    """
    context = {"request_id": current_request_id(), "traceparent": current_traceparent(), "tags": list(new.tags)}
    options: dict[str, Any] = {name: value for name, value in context.items() if value}
    message = new.task.actor.message_with_options(kwargs=dict(new.arguments), **options)
    [job] = broker.accept([message], due_at_us=new.due_at_us, delay_ms=new.delay_ms)
    return job
