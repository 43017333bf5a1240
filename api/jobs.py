"""Jobs: submit one, look at one, list them newest first."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from middleware.jobs import Job
from middleware.store import Page
from tasks import broker

from . import schemas
from .answers import json_answer
from .contract import Resource
from .fields import CursorText
from .problems import NOT_FOUND, ProblemError
from .tracing import current_request_id, current_traceparent

jobs = Resource("jobs", __name__, url_prefix="/v1/jobs", description="Requests to run a task, each with its life.")

MAX_ID = 64
LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string", "format": "uri-reference"}}}
LINK = {"Link": {"description": 'rel="next": the next page; absent on the last.', "schema": {"type": "string"}}}

TRACING = {
    "X_Request_Id": "An id of yours for this request, at most 128 visible ASCII characters: kept on the job.",
    "traceparent": "The W3C trace context: kept on the job.",
}


@jobs.route("", methods=("POST",))
@jobs.headers(**TRACING)
@jobs.arguments(schemas.NewJobBody())
@jobs.response(201, schemas.Job, headers=LOCATION)
@jobs.problems(413, 415, 503)
def submit_job(new: schemas.NewJob) -> Response:
    """Submit a job

    It goes on top of its queue's stack: the newest runs first.
    """
    job = accept(new)
    return json_answer(job.as_dict(), 201, {"Location": url_for("jobs.show_job", job_id=job.id)})


@jobs.route("")
@jobs.arguments(schemas.JobsQuery(), location="query")
@jobs.response(200, schemas.Job(many=True), headers=LINK)
@jobs.problems(503)
def list_jobs(query: dict[str, Any]) -> Response:
    """List jobs, newest first

    A page may be short although there are more: only a missing next link means the end.
    """
    page = broker.store.page(**query)
    return json_answer([job.as_dict() for job in page.jobs], headers=next_link(page, query))


@jobs.route("/<job_id>")
@jobs.response(200, schemas.Job)
@jobs.problems(400, 404, 503)
def show_job(job_id: str) -> Response:
    """Show a job"""
    job = broker.store.get(job_id) if len(job_id) <= MAX_ID else None
    if job is None:
        raise ProblemError(NOT_FOUND, "There is no job with this id, or it has been pruned.")
    return json_answer(job.as_dict())


def accept(new: schemas.NewJob) -> Job:
    """Put a job on its queue's stack.

    Raises:
      RedisAwayError, QueueFullError: it wasn't accepted.
    """
    context = {"request_id": current_request_id(), "traceparent": current_traceparent(), "tags": list(new.tags)}
    options: dict[str, Any] = {name: value for name, value in context.items() if value}
    message = new.task.actor.message_with_options(kwargs=dict(new.arguments), **options)
    [job] = broker.accept([message], due_at_us=new.due_at_us, delay_ms=new.delay_ms)
    return job


def next_link(page: Page, query: dict[str, Any]) -> dict[str, str]:
    """The ``Link`` header (RFC 8288) to the page after this one, with the same filters."""
    if page.next is None:
        return {}
    url = url_for("jobs.list_jobs", **{**query, "cursor": CursorText.written(page.next)})
    return {"Link": f'<{url}>; rel="next"'}
