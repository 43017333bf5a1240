"""Submitting jobs: one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dramatiq
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
    [job] = accept([new])
    return job_answer(job, 201, Location=url_for("jobs.show_job", job_id=job.id))


def accept(new: Sequence[NewJob]) -> list[Job]:
    """Put jobs of one queue on its stack, all or none, in their order.

    Raises:
      RedisAwayError, QueueFullError, TooManyWaitingError: none was accepted.
    """
    context = {"request_id": current_request_id(), "traceparent": current_traceparent()}
    options = {name: value for name, value in context.items() if value}
    return broker.accept([_message(job, options) for job in new], dues=[job.due for job in new])


def _message(new: NewJob, options: Mapping[str, Any]) -> dramatiq.Message[Any]:
    with_tags = {**options, "tags": list(new.tags)} if new.tags else options
    return new.task.actor.message_with_options(kwargs=dict(new.arguments), **with_tags)
