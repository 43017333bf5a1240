"""Submitting jobs: one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dramatiq
from flask import Response, current_app

from middleware.enqueue.acceptance import Receipt
from middleware.errors import ReplayGoneError, TooFewReplicasError
from middleware.telemetry.installed import sending
from tasks import DEFAULT_TASK, broker

from .contract import ETAG
from .idempotency import KEY_HEADER, REPLAYED, idempotency_key, replayed
from .jobs import OF_A_JOB, job_answer, jobs
from .new_jobs import NewJob, NewJobBody
from .schemas import jobs as schemas
from .wire.request_log import name_jobs
from .wire.tracing import current_request
from .wire.waiting import APPLIED, PREFER, wait_for_end

LOCATION = {"Location": {"description": "Where the job is.", "schema": {"type": "string", "format": "uri-reference"}}}

EXAMPLES = {
    "message": {"summary": "A message, for the default task", "value": {"message": "Hello, world"}},
    "task": {
        "summary": "A task with its payload, and tags to find it by",
        "value": {"task": DEFAULT_TASK, "payload": {"message": "Hello, world"}, "tags": ["customer-7"]},
    },
    "delay": {"summary": "Not before half a minute from now", "value": {"message": "Later", "delay_s": 30}},
    "subject": {
        "summary": "Only the latest for each customer",
        "value": {"message": "The price for customer 7", "subject": "customer-7"},
    },
    "group": {
        "summary": "A share of the queue for each customer",
        "value": {"message": "The report of customer 7", "group": "customer-7"},
    },
    "deadline": {"summary": "Worthless after ten seconds", "value": {"message": "Now", "expires_in_s": 10}},
}

REQUEST_HEADERS: Mapping[str, str | Mapping[str, Any]] = {
    "Idempotency_Key": KEY_HEADER,
    "X_Request_Id": "An id of yours for this request, at most 128 visible ASCII characters: kept on the job.",
    "traceparent": "The W3C trace context: kept on the job.",
}


@jobs.route("", methods=("POST",))
@jobs.headers(**REQUEST_HEADERS, **PREFER)
@jobs.arguments(NewJobBody(), examples=EXAMPLES)
@jobs.response(201, schemas.Job, headers={**LOCATION, **ETAG, **REPLAYED, **APPLIED})
@jobs.links(201, "/id", "job_id", *OF_A_JOB)
@jobs.links(201, "/queue", "queue", "show_queue")
@jobs.problems(409, 413, 415, 422, 503)
def submit_job(new: NewJob) -> Response:
    """Submit a job

    It goes on top of its queue's stack: the newest runs first.
    """
    receipt = accept([new], "submit_job")
    job, applied = wait_for_end(receipt.jobs[0])
    location = {"Location": f"{jobs.url_prefix}/{job.id}"}
    return job_answer(job, 201, {**location, **replayed(receipt.is_replay), **applied})


def accept(new: Sequence[NewJob], operation: str) -> Receipt:
    """Put jobs of one queue on its stack, all or none, in their order; once under the request's idempotency key.

    Raises:
      RedisAwayError, QueueFullError, TooManyWaitingError, KeyReusedError: none was accepted.
      TooFewReplicasError: all were accepted, and a failover may lose them.
      DuplicateJobError, ReplayGoneError: all were accepted before; some are gone since.
    """
    asked = current_request()
    options = {"request_id": asked.id, **({"traceparent": asked.traceparent} if asked.traceparent else {})}
    messages = [message_of_job(job, options) for job in new]
    try:
        with sending(messages):
            receipt = broker.accept_once(messages, [job.due for job in new], key=idempotency_key(operation))
    except TooFewReplicasError:
        current_app.extensions["metrics"].unconfirmed.inc()
        raise
    current_app.extensions["rings"].expect(messages[0].queue_name)
    name_jobs([job.id for job in receipt.jobs])
    if gone := len(messages) - len(receipt.jobs):
        # Redis took the call, its answer was lost, and before the call was sent again jobs had ended and been pruned.
        raise ReplayGoneError(f"It was carried out; {gone} of its {len(messages)} jobs have been pruned since.")
    return receipt


def message_of_job(new: NewJob, options: Mapping[str, Any]) -> dramatiq.Message[Any]:
    """The message of a new job, with these options."""
    of_job = {**new.options, "tags": list(new.tags)} if new.tags else new.options
    return new.task.actor.message_with_options(kwargs=dict(new.arguments), **options, **of_job)
