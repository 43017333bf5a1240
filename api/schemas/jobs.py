"""What the API shows of jobs."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields

from middleware import jobs
from middleware.jobs import JobStatus

from .shown import Answer, shown_number, shown_text, shown_time


class JobFailure(Answer):
    """Why the last attempt failed."""

    type = shown_text("The exception's class.", nullable=False)
    message = shown_text("The exception's text.", nullable=False)
    traceback = shown_text("Where it was raised.")
    at = shown_time("When.", nullable=False)


class JobProgress(Answer):
    """The progress that a running task last reported."""

    share = shown_number("From 0 to 1.", whole=False)
    note = shown_text("For people.")


EXAMPLE = jobs.Job(
    id="01a223a7-da69-73b8-98a9-737b6c78be87",
    seq=1_893_456_000_000_000,
    place=1_893_456_000_000_000,
    status=JobStatus.PROCESSED,
    task="process_message",
    queue="default",
    payload={"message": "Hello, world"},
    tags=("customer-7",),
    subject=None,
    group="customer-7",
    attempts=1,
    max_attempts=21,
    generated_at_us=None,
    due_at_us=None,
    expires_at_us=1_893_456_010_000_000,
    queued_at_us=1_893_456_000_000_000,
    started_at_us=1_893_456_000_350_000,
    finished_at_us=1_893_456_000_373_000,
    window="default.17",
    worker="web-1:4711:9f3c",
    progress=None,
    cancel_requested=False,
    result={"message": "Hello, world", "characters": 12, "words": 2},
    result_error=None,
    error=None,
    reason=None,
    warning=None,
    superseded_by=None,
    request_id="01a223a7-da63-7c02-b1f5-0f6d1b2a8e11",
    traceparent=None,
)


class Job(Answer):
    """A job as the API shows it: every key is always there."""

    json_schema: ClassVar[dict[str, Any]] = {"examples": [EXAMPLE.as_dict()]}

    id = shown_text("The job's id.", nullable=False)
    seq = shown_number("Its acceptance number in its queue. Lists are ordered by it, and it never changes.")
    place = shown_number("Its position in the stack: the highest runs next.", nullable=True)
    status = fields.Enum(JobStatus, by_value=fields.String(), required=True)
    task = shown_text("What it runs.", nullable=False)
    queue = shown_text("The queue that it waits in.", nullable=False)
    payload = fields.Dict(required=True, metadata={"description": "What it runs it with."})
    tags = fields.List(fields.String(), required=True)
    subject = shown_text("What it is about: newer jobs of its subject supersede it while it waits.")
    group = shown_text("Who it belongs to: groups share a queue if its cadence says so.")
    attempts = shown_number("How often a worker claimed it.")
    max_attempts = shown_number("After this many it is rejected.", nullable=True)
    created_at = shown_time("When it was accepted.", nullable=False)
    generated_at = shown_time("When its data was generated, according to whoever submitted it.")
    due_at = shown_time("When it may run, if later than it was accepted.")
    expires_at = shown_time("Its deadline: if no worker has claimed it by then, it expires.")
    queued_at = shown_time("When it entered the stack.")
    started_at = shown_time("When it was last claimed.")
    finished_at = shown_time("When it ended.")
    wait_ms = shown_number("Milliseconds in the stack before the last claim.", whole=False, nullable=True)
    run_ms = shown_number("Milliseconds from the last claim to the end.", whole=False, nullable=True)
    window = shown_text("The window that let it through.")
    worker = shown_text("The worker that runs it or ran it.")
    progress = fields.Nested(JobProgress, required=True, allow_none=True)
    cancel_requested = fields.Boolean(required=True)
    result = fields.Raw(required=True, allow_none=True, metadata={"description": "What the task returned."})
    result_error = shown_text("Why result is null although the task returned something.")
    error = fields.Nested(JobFailure, required=True, allow_none=True)
    reason = shown_text("Why it is in this state, if that isn't obvious.")
    warning = shown_text("Why it can't meet its deadline, as far as was known when it was accepted.")
    superseded_by = shown_text("The newer job of its subject that took its turn.")
    request_id = shown_text("The id of the request that submitted it.")
    traceparent = shown_text("The W3C trace context that it was submitted in.")
