"""The contract in marshmallow: what answers look like. What requests may hold stands with the operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from middleware.jobs import JobStatus


class OneOf(Schema):
    """A schema that is one of several, told apart by what the body holds."""

    def variants(self) -> Sequence[Schema]:
        """All of them, in the order of the documentation."""
        raise NotImplementedError


class Answer(Schema):
    """What the service sends. Clients must bear keys that they don't know: new ones may come."""

    class Meta:
        unknown = EXCLUDE


def _time(description: str, *, nullable: bool = True) -> fields.Field[Any]:
    metadata = {"description": description, "format": "date-time"}
    return fields.String(required=True, allow_none=nullable, metadata=metadata)


def _text(description: str, *, nullable: bool = True) -> fields.Field[Any]:
    return fields.String(required=True, allow_none=nullable, metadata={"description": description})


def _number(description: str, *, whole: bool = True, nullable: bool = False) -> fields.Field[Any]:
    kind = fields.Integer if whole else fields.Float
    return kind(required=True, allow_none=nullable, metadata={"description": description})


class JobFailure(Answer):
    """Why the last attempt failed."""

    type = _text("The exception's class.", nullable=False)
    message = _text("The exception's text.", nullable=False)
    traceback = _text("Where it was raised.")
    at = _time("When.", nullable=False)


class JobProgress(Answer):
    """What a running task last said of itself."""

    share = _number("From 0 to 1.", whole=False)
    note = _text("For people.")


class Job(Answer):
    """A job as the API shows it: every key is always there."""

    id = _text("The job's id.", nullable=False)
    seq = _number("Its acceptance number in its queue: lists go by it, and it never changes.")
    place = _number("Its position in the stack: the highest runs next.", nullable=True)
    status = fields.Enum(JobStatus, by_value=fields.String(), required=True)
    task = _text("What it runs.", nullable=False)
    queue = _text("The queue that it waits in.", nullable=False)
    payload = fields.Dict(required=True, metadata={"description": "What it runs it with."})
    tags = fields.List(fields.String(), required=True)
    attempts = _number("How often a worker claimed it.")
    max_attempts = _number("After so many it is rejected.", nullable=True)
    created_at = _time("When it was accepted.", nullable=False)
    due_at = _time("When it may run, if later than it was accepted.")
    queued_at = _time("When it entered the stack.")
    started_at = _time("When it was last claimed.")
    finished_at = _time("When it ended.")
    wait_ms = _number("Milliseconds in the stack before the last claim.", whole=False, nullable=True)
    run_ms = _number("Milliseconds from the last claim to the end.", whole=False, nullable=True)
    window = _text("The window that let it through.")
    worker = _text("The worker that runs it or ran it.")
    progress = fields.Nested(JobProgress, required=True, allow_none=True)
    cancel_requested = fields.Boolean(required=True)
    result = fields.Raw(required=True, allow_none=True, metadata={"description": "What the task returned."})
    result_error = _text("Why result is null although the task returned something.")
    error = fields.Nested(JobFailure, required=True, allow_none=True)
    reason = _text("Why it is in this state, where that isn't plain.")
    request_id = _text("The id of the request that submitted it.")
    traceparent = _text("The W3C trace context that it was submitted in.")


class Status(Answer):
    """How a process or the service is."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))


class ProblemPart(Answer):
    """What is wrong with one part of the request. One of pointer, parameter and header says which."""

    pointer = fields.String(metadata={"description": "A JSON pointer into the body (RFC 6901)."})
    parameter = fields.String(metadata={"description": "The name of a query parameter."})
    header = fields.String(metadata={"description": "The name of a header."})
    detail = fields.String(required=True)


class Problem(Answer):
    """A problem document (RFC 9457)."""

    type = fields.String(required=True, metadata={"format": "uri-reference", "examples": ["/problems/validation"]})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(ProblemPart), required=True)
    request_id = fields.String(required=True)
