"""Cancelling and retrying many jobs at once, by the filters of the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from middleware.jobs import CANCELLABLE, RETRYABLE
from tasks import DEFAULT_TASK, broker
from tasks.payload import StrictSchema

from .access.auth import retried, with_subject
from .jobs import jobs
from .moves import reason_field
from .schemas.job_filters import FilterFields, job_filter, status_field
from .schemas.shown import Answer
from .wire.answers import json_answer
from .wire.request_log import count_jobs

LARGEST_BULK = 10_000
FILTERS = tuple(FilterFields().fields)
CANCEL_EXAMPLES = {
    "tag": {
        "summary": "All jobs with a tag that haven't begun",
        "value": {"tag": "customer-7", "status": ["scheduled", "queued"], "reason": "The order was withdrawn."},
    },
    "queue": {"summary": "The newest hundred of a queue", "value": {"queue": "default", "limit": 100}},
}
RETRY_EXAMPLES = {
    "status": {"summary": "All that were given up", "value": {"status": "rejected"}},
    "task": {
        "summary": "Those of a task, from a moment on",
        "value": {"task": [DEFAULT_TASK], "created_after": "2026-01-01T00:00:00Z"},
    },
}


class BulkBody(StrictSchema, FilterFields):
    """Which jobs are meant, by one filter at least: an empty body mustn't mean all of them."""

    json_schema: ClassVar[dict[str, Any]] = {"anyOf": [{"required": [name]} for name in FILTERS]}

    limit = fields.Integer(
        load_default=LARGEST_BULK,
        validate=validate.Range(min=1, max=LARGEST_BULK),
        metadata={"description": "The most jobs to change in one request."},
    )

    @validates_schema
    def _says_which(self, data: Mapping[str, Any], **_: Any) -> None:
        if not any(name in data for name in FILTERS):
            raise ValidationError(f"Say which jobs are meant, by at least one of: {', '.join(FILTERS)}.")


class BulkCancelBody(BulkBody):
    """Which jobs are cancelled, and why."""

    status = status_field(CANCELLABLE)
    reason = reason_field()


class BulkRetryBody(BulkBody):
    """Which jobs run again."""

    status = status_field(RETRYABLE)


class Cancelled(Answer):
    """What a bulk cancel did."""

    count = fields.Integer(required=True, metadata={"description": "Jobs that were cancelled by this call."})
    asked = fields.Integer(
        required=True, metadata={"description": "How many of them are running, and were asked to stop."}
    )
    more = fields.Boolean(required=True, metadata={"description": "Jobs that fit are left: call again."})


class Retried(Answer):
    """What a bulk retry did."""

    count = fields.Integer(required=True, metadata={"description": "Jobs that were put back on top by this call."})
    more = fields.Boolean(required=True, metadata={"description": "Jobs that fit are left: call again."})


@jobs.route("/cancel", methods=("POST",))
@jobs.arguments(BulkCancelBody(), examples=CANCEL_EXAMPLES)
@jobs.response(200, Cancelled)
@jobs.problems(413, 415, 503)
def cancel_jobs(body: dict[str, Any]) -> Response:
    """Call many jobs off

    All that fit the filters, at most 10,000 in a call. What runs is asked to stop. After a 503 some of them may have
    been cancelled; to call again does no harm.
    """
    outcome = broker.moves.cancel_all(job_filter(body), limit=body["limit"], reason=with_subject(body["reason"]))
    count_jobs(outcome.count)
    return json_answer({"count": outcome.count, "asked": outcome.asked, "more": outcome.more})


@jobs.route("/retry", methods=("POST",))
@jobs.arguments(BulkRetryBody(), examples=RETRY_EXAMPLES)
@jobs.response(200, Retried)
@jobs.problems(413, 415, 503)
def retry_jobs(body: dict[str, Any]) -> Response:
    """Run many jobs that ended badly again

    All that fit the filters, at most 10,000 in a call, the newest of each queue first. They go on top of their stacks
    in their order.
    """
    outcome = broker.moves.retry_all(job_filter(body), limit=body["limit"], reason=retried())
    count_jobs(outcome.count)
    return json_answer({"count": outcome.count, "more": outcome.more})
