"""The contract in marshmallow: what requests may hold, and what answers look like."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from middleware.jobs import JobStatus
from middleware.keys import QUEUE_NAME
from tasks import Task, registry
from tasks.payload import StrictSchema
from tasks.process_message import process_message

from .fields import CursorText, DateTimeUs, Matches, QueryInteger

MAX_DELAY_S = 3650 * 86_400


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request to run a task, read and checked. Arguments are in JSON form."""

    task: Task
    arguments: Mapping[str, Any]
    delay_ms: int | None
    due_at_us: int | None
    tags: tuple[str, ...]


class OneOf(Schema):
    """A schema that is one of several, told apart by what the body holds."""

    def variants(self) -> Sequence[Schema]:
        """All of them, in the order of the documentation."""
        raise NotImplementedError


class JobForm(StrictSchema):
    """What both forms of a new job share. A form knows its task."""

    task_to_run: ClassVar[Task]
    json_schema: ClassVar[dict[str, Any]] = {"not": {"required": ["delay_s", "run_at"]}}

    delay_s = fields.Float(
        validate=validate.Range(min=0, max=MAX_DELAY_S),
        metadata={"description": "Seconds from now before the job may run.", "examples": [30, 0.5]},
    )
    run_at = DateTimeUs(
        metadata={
            "description": "When the job may run, with an offset; a time that has passed means now.",
            "examples": ["2030-01-31T12:00:00Z"],
        },
    )
    tags = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        validate=validate.Length(max=16),
        metadata={"description": "Words to find the job by.", "examples": [["customer-7"]]},
    )

    @validates_schema
    def _one_time(self, data: Mapping[str, Any], **_: Any) -> None:
        if "delay_s" in data and "run_at" in data:
            raise ValidationError({"run_at": ["Can't be given together with delay_s."]})

    def arguments(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        """The task's arguments among what was loaded."""
        raise NotImplementedError

    def load(self, data: Any, **options: Any) -> NewJob:
        loaded = super().load(data, **options)
        delay_s = loaded.get("delay_s")
        return NewJob(
            task=self.task_to_run,
            arguments=self.arguments(loaded),
            delay_ms=None if delay_s is None else math.ceil(delay_s * 1000),
            due_at_us=loaded.get("run_at"),
            tags=tuple(loaded.get("tags", ())),
        )


class ShortForm(JobForm):
    """``{"message": …}``: the default task's payload stands at the top."""

    def arguments(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        names = self.task_to_run.reader.fields
        return self.task_to_run.arguments({name: loaded[name] for name in names if name in loaded})


class LongForm(JobForm):
    """``{"task": …, "payload": {…}}``: any task."""

    def arguments(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        return self.task_to_run.arguments(loaded["payload"])


def _short_form(task: Task) -> JobForm:
    form: type[ShortForm] = type("MessageJob", (ShortForm, task.schema), {"task_to_run": task})
    return form()


def _long_form(task: Task) -> JobForm:
    members = {
        "task_to_run": task,
        "task": fields.String(
            required=True, validate=validate.Equal(task.name), metadata={"description": task.summary}
        ),
        "payload": fields.Nested(task.schema, required=True),
    }
    form: type[LongForm] = type(task.schema.__name__.removesuffix("Payload") + "Job", (LongForm,), members)
    return form()


@functools.cache
def _forms() -> tuple[JobForm, Mapping[str, JobForm]]:
    """The short form, and the long form of each task. Schema instances are costly, so they are made once."""
    return _short_form(registry[process_message.actor_name]), {name: _long_form(registry[name]) for name in registry}


class NewJobBody(OneOf):
    """The body of ``POST /v1/jobs`` in either form."""

    def variants(self) -> Sequence[Schema]:
        short, long = _forms()
        return [short, *long.values()]

    def load(self, data: Any, **options: Any) -> NewJob:
        """The body as a :class:`NewJob`.

        Raises:
          ValidationError: with the errors of the form that was meant.
        """
        if not isinstance(data, dict):
            raise ValidationError({"_schema": ["Expected an object with message, or with task and payload."]})
        job: NewJob = self._form(data).load(data)
        return job

    def _form(self, body: Mapping[str, Any]) -> JobForm:
        short, long = _forms()
        if "task" not in body and "payload" not in body:
            return short
        if "message" in body:
            raise ValidationError({"message": ["Can't be given together with task or payload."]})
        name = body.get("task")
        if name is None:
            raise ValidationError({"task": ["Missing data for required field."]})
        if not isinstance(name, str) or name not in long:
            raise ValidationError({"task": [f"Must be one of: {', '.join(long)}."]})
        return long[name]


class JobsQuery(Schema):
    """The parameters of ``GET /v1/jobs``."""

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012

    status = fields.Enum(JobStatus, by_value=fields.String(), metadata={"description": "Only jobs in this state."})
    queue = fields.String(
        validate=Matches(QUEUE_NAME.pattern, "the name of a queue"),
        metadata={"description": "Only jobs of this queue."},
    )
    limit = QueryInteger(
        load_default=50, validate=validate.Range(min=1, max=500), metadata={"description": "Jobs in a page."}
    )
    cursor = CursorText(
        metadata={
            "description": "Where the page begins: from the Link header of the page before.",
            "pattern": f"^{CursorText.pattern}$",
        }
    )


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
