"""What requests for new jobs may hold: the forms of a job, built from the tasks' payload schemas."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from middleware.enqueue.deadlines import deadline_options
from middleware.enqueue.due import AT_ONCE, LONGEST_DELAY_MS, Due
from middleware.enqueue.generated import generation_options
from middleware.enqueue.groups import LONGEST_GROUP, group_options
from middleware.enqueue.subjects import LONGEST_SUBJECT, SUBJECT, subject_options
from middleware.nearest import hint
from middleware.tags import MOST_TAGS
from tasks import DEFAULT_TASK, Task, registry
from tasks.payload import StrictSchema

from .plain import PlainReader, plain_reader
from .schemas.asked import OneOf, tag
from .schemas.fields import DateTimeUs

MAX_DELAY_S = LONGEST_DELAY_MS // 1000
LEAST_EXPIRES_IN_S = 0.001
NOT_TOGETHER = (("delay_s", "run_at"), ("expires_in_s", "expires_at"))
OF_A_SUBJECT = ("supersede_running", "max_defer_s")
"""What is said of a subject, and says nothing without one."""
SEE_TASKS = " GET /v1/tasks lists those there are."
TASK_AND_PAYLOAD = frozenset({"task", "payload"})


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request to run a task, read and checked. Arguments are in JSON form; ``options`` are the message's."""

    task: Task
    arguments: Mapping[str, Any]
    due: Due = AT_ONCE
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class ShortList(fields.List[Any]):
    """A list whose length is checked before its items are: of a million wrong ones none is looked at."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> list[Any]:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **options)


class JobForm(StrictSchema):
    """What both forms of a new job share. A form knows its task."""

    task_to_run: ClassVar[Task]

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
    expires_in_s = fields.Float(
        validate=validate.Range(min=LEAST_EXPIRES_IN_S, max=MAX_DELAY_S),
        metadata={
            "description": "Seconds from now until it is worthless: if no worker has claimed it by then, it expires.",
            "examples": [10, 0.5],
        },
    )
    expires_at = DateTimeUs(
        metadata={
            "description": "The job's deadline, with an offset, instead of expires_in_s.",
            "examples": ["2030-01-31T12:00:10Z"],
        },
    )
    subject = fields.String(
        validate=validate.Length(min=1, max=LONGEST_SUBJECT),
        metadata={
            "description": "What it is about. A newer job of the subject supersedes it while it waits.",
            "examples": ["customer-7"],
        },
    )
    supersede_running = fields.Boolean(
        metadata={"description": "Whether jobs of the subject that run are asked to stop.", "examples": [True]},
    )
    max_defer_s = fields.Float(
        validate=validate.Range(min=LEAST_EXPIRES_IN_S, max=MAX_DELAY_S),
        metadata={
            "description": "For how many seconds newer jobs of the subject may take the turn of those that wait, until "
            "one keeps it.",
            "examples": [30],
        },
    )
    generated_at = DateTimeUs(
        metadata={
            "description": "When what it is about was generated, with an offset. Where the cadence orders by it, the "
            "job generated last is on top; a time that lies ahead counts as now.",
            "examples": ["2030-01-31T12:00:00.250Z"],
        },
    )
    group = fields.String(
        validate=validate.Length(min=1, max=LONGEST_GROUP),
        metadata={
            "description": "Whose it is, such as a customer: where the cadence says so, groups share the queue, and "
            "how many jobs of one run is bounded.",
            "examples": ["customer-7"],
        },
    )
    tags = ShortList(
        tag("One of them."),
        validate=validate.Length(max=MOST_TAGS),
        metadata={"description": "Words to find the job by.", "examples": [["customer-7"]]},
    )

    @property
    def title(self) -> str:
        """What the documentation calls it."""
        return type(self).__name__

    @property
    def json_schema(self) -> dict[str, Any]:
        """What the fields one by one can't say."""
        needs = {} if self._names_subject else {"dependentRequired": {name: ["subject"] for name in OF_A_SUBJECT}}
        return {"not": {"anyOf": [{"required": list(pair)} for pair in NOT_TOGETHER]}, **needs}

    @property
    def _names_subject(self) -> bool:
        return SUBJECT in self.task_to_run.actor.options

    @validates_schema
    def _fit(self, data: Mapping[str, Any], **_: Any) -> None:
        both = [pair for pair in NOT_TOGETHER if data.keys() >= set(pair)]
        wrong = {at: [f"Can't be given together with {after}."] for after, at in both}
        if "subject" not in data and not self._names_subject:
            wrong |= {name: ["Needs a subject beside it."] for name in OF_A_SUBJECT if name in data}
        if wrong:
            raise ValidationError(wrong)

    def arguments(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        """The task's arguments among what was loaded."""
        raise NotImplementedError

    def load(self, data: Any, **options: Any) -> NewJob:
        loaded = super().load(data, **options)
        delay_s = loaded.get("delay_s")
        return NewJob(
            task=self.task_to_run,
            arguments=self.arguments(loaded),
            due=Due(None if delay_s is None else math.ceil(delay_s * 1000), loaded.get("run_at")),
            tags=tuple(loaded.get("tags", ())),
            options=options_of(loaded),
        )


def options_of(loaded: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the message that say what its job needs beside its payload."""
    about = subject_options(loaded.get("subject"), loaded.get("supersede_running"), loaded.get("max_defer_s"))
    about |= generation_options(loaded.get("generated_at"))
    about |= group_options(loaded.get("group"))
    return deadline_options(loaded.get("expires_in_s"), loaded.get("expires_at")) | about


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
    return _short_form(registry[DEFAULT_TASK]), {name: _long_form(registry[name]) for name in registry}


def forms() -> list[JobForm]:
    """All forms of a new job, in the order of the documentation."""
    short, long = _forms()
    return [short, *long.values()]


@functools.cache
def _plain_readers() -> tuple[Task, PlainReader | None, Mapping[str, tuple[Task, PlainReader]]]:
    readers = {name: (task, reader) for name, task in registry.items() if (reader := plain_reader(task.reader))}
    default = registry[DEFAULT_TASK]
    return default, plain_reader(default.reader), readers


def _plain_job(body: Mapping[str, Any]) -> NewJob | None:
    """The job of a body that holds a plain payload and nothing else; None: the form must look at it."""
    default, read_short, readers = _plain_readers()
    if body.keys() == TASK_AND_PAYLOAD and isinstance(body["task"], str) and body["task"] in readers:
        task, read = readers[body["task"]]
        arguments = read(body["payload"])
    else:
        task, arguments = default, read_short(body) if read_short else None
    return None if arguments is None else NewJob(task, arguments)


class NewJobBody(OneOf):
    """The body of ``POST /v1/jobs`` in either form."""

    def variants(self) -> Sequence[Schema]:
        return forms()

    def load(self, data: Any, **options: Any) -> NewJob:
        """The body as a :class:`NewJob`.

        Raises:
          ValidationError: with the errors of the form that was meant.
        """
        if not isinstance(data, dict):
            raise ValidationError({"_schema": ["Expected an object with message, or with task and payload."]})
        job: NewJob = _plain_job(data) or self._form(data).load(data)
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
        if not isinstance(name, str):
            raise ValidationError({"task": ["Not a valid string."]})
        if name not in long:
            raise ValidationError({"task": ["There is no such task." + (hint(name, long) or SEE_TASKS)]})
        return long[name]
