"""Jobs: look at one, list them newest first; and what all operations on jobs share."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, request

from middleware.jobs import Job
from middleware.store.reading import Cursor
from tasks import broker

from .contract import ETAG, Resource
from .schemas import jobs as schemas
from .schemas.fields import CursorText
from .schemas.job_filters import JobsQuery, ListOrder
from .wire.answers import NONE, json_answer, tagged_answer, unless_known
from .wire.problems import NOT_FOUND, ProblemError
from .wire.waiting import APPLIED, PREFER, wait_for_end

jobs = Resource("jobs", __name__, url_prefix="/v1/jobs", description="Requests to run a task, each with its life.")

ID = {"in": "path", "name": "job_id", "description": "The job's id, as lists and `POST /v1/jobs` tell it."}
OF_A_JOB = ("show_job", "explain_job", "cancel_job", "retry_job")
"""The operations that take a job's id."""
LINK = {"Link": {"description": 'rel="next": the next page; absent on the last.', "schema": {"type": "string"}}}


@jobs.route("")
@jobs.arguments(JobsQuery(), location="query")
@jobs.response(200, schemas.Job(many=True), headers=LINK)
@jobs.problems(503)
def list_jobs(query: ListOrder) -> Response:
    """List jobs, newest first

    A page may be short although there are more: only a missing next link means the end.
    """
    page = broker.store.page(query.where, limit=query.limit, cursor=query.cursor)
    return json_answer([job.as_dict() for job in page.jobs], headers=next_link(page.next))


@jobs.route("/<job:job_id>", parameters=[ID])
@jobs.headers(If_None_Match="ETags of what you have already: one of them still right, and the answer is 304.", **PREFER)
@jobs.response(200, schemas.Job, headers={**ETAG, **APPLIED})
@jobs.not_modified
@jobs.problems(400, 404, 503)
def show_job(job_id: str) -> Response:
    """Show a job"""
    job, applied = wait_for_end(existing_job(job_id))
    return unless_known(job_answer(job, headers=applied))


def existing_job(job_id: str) -> Job:
    """The job with this id.

    Raises:
      ProblemError: there is none; 404.
      RedisAwayError: Redis doesn't answer.
    """
    job = broker.store.get(job_id)
    if job is None:
        raise no_such_job()
    return job


def no_such_job() -> ProblemError:
    """404, whether the id never was one or its job is gone."""
    return ProblemError(NOT_FOUND, "There is no job with this id, or it has been pruned.")


def job_answer(job: Job, status: int = 200, headers: Mapping[str, str] = NONE) -> Response:
    """A job as it is now, with its ETag."""
    return tagged_answer(job.as_dict(), status, headers)


def next_link(cursor: Cursor | None) -> dict[str, str]:
    """The ``Link`` header (RFC 8288) to the page from ``cursor`` on, with the same filters as the request's."""
    if cursor is None:
        return {}
    query = urlencode({**request.args.to_dict(flat=False), "cursor": CursorText.written(cursor)}, doseq=True)
    return {"Link": f'<{request.path}?{query}>; rel="next"'}
