"""Submitting many jobs at once: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate

from middleware.enqueue.acceptance import LARGEST_BATCH
from middleware.tags import MOST_TAGS_IN_A_CALL
from tasks.payload import StrictSchema, with_hints

from .idempotency import REPLAYED, replayed
from .jobs import OF_A_JOB, jobs
from .new_jobs import NewJob, NewJobBody, forms
from .schemas import jobs as schemas
from .submission import REQUEST_HEADERS, accept
from .wire.answers import json_answer
from .wire.handling import APPLIED_SAID, SAID, applied
from .wire.problems import MAX_ERRORS

HONOURED = {"Preference-Applied": {"description": APPLIED_SAID, "schema": {"type": "string"}}}
EXAMPLES = {
    "batch": {
        "summary": "Three jobs, of which the second runs first",
        "value": {
            "jobs": [
                {"message": "First"},
                {"message": "Second", "tags": ["customer-7"]},
                {"message": "Later", "delay_s": 30},
            ]
        },
    }
}


class NewBatchBody(StrictSchema):
    """The body of ``POST /v1/jobs/batch``."""

    jobs = fields.List(
        fields.Nested(NewJobBody),
        required=True,
        validate=validate.Length(min=1, max=LARGEST_BATCH),
        metadata={
            "description": f"Jobs of one queue, as for a single one; the last of them is on top. Together they have "
            f"{MOST_TAGS_IN_A_CALL} tags at most."
        },
    )

    @property
    def json_schema(self) -> dict[str, Any]:
        """What the list of jobs can't say: all of them are forms of one queue's tasks."""
        by_queue: dict[str, list[dict[str, str]]] = {}
        for form in forms():
            by_queue.setdefault(form.task_to_run.queue, []).append({"$ref": f"#/components/schemas/{form.title}"})
        alike = [{"properties": {"jobs": {"items": {"oneOf": refs}}}} for refs in by_queue.values()]
        return {"anyOf": alike} if len(alike) > 1 else {}

    def load(self, data: Any, **_: Any) -> list[NewJob]:
        """All jobs, each read as a single one's body would be.

        Raises:
          ValidationError: by the index of each job that can't be read.
        """
        items = _items(data)
        one, read, wrong = NewJobBody(), [], {}
        for index, item in enumerate(items):
            try:
                read.append(one.load(item))
            except ValidationError as error:
                wrong[index] = error.messages
                if len(wrong) == MAX_ERRORS:  # no more are listed
                    break
        if wrong:
            raise ValidationError({"jobs": wrong})
        _check_queues(items, read)
        if sum(len(new.tags) for new in read) > MOST_TAGS_IN_A_CALL:
            raise ValidationError(
                {"jobs": [f"They have more than {MOST_TAGS_IN_A_CALL} tags together: send two batches."]}
            )
        return read


def _items(data: Any) -> list[Any]:
    """What stands in ``jobs``. The length is checked before anything else is: a million jobs aren't looked at."""
    if not isinstance(data, dict):
        raise ValidationError({"_schema": ["Expected an object with jobs."]})
    if unknown := data.keys() - {"jobs"}:
        raise ValidationError(with_hints({name: ["Unknown field."] for name in unknown}, NewBatchBody()))
    if "jobs" not in data:
        raise ValidationError({"jobs": ["Missing data for required field."]})
    items = data["jobs"]
    if not isinstance(items, list) or not 1 <= len(items) <= LARGEST_BATCH:
        raise ValidationError({"jobs": [f"Expected a list of 1 to {LARGEST_BATCH} jobs."]})
    return items


def _check_queues(items: Sequence[Any], read: Sequence[NewJob]) -> None:
    """All or none can only be kept within one queue: two queues may be on two servers of a cluster."""
    first = read[0].task.queue
    wrong: dict[int, Any] = {}
    for index, new in enumerate(read):
        if new.task.queue != first:
            text = f"Its task waits in queue {new.task.queue}, that of the first job in {first}: send two batches."
            wrong[index] = {"task": [text]} if "task" in items[index] else [text]
    if wrong:
        raise ValidationError({"jobs": wrong})


@jobs.route("/batch", methods=("POST",))
@jobs.headers(**REQUEST_HEADERS, Prefer=SAID)
@jobs.arguments(NewBatchBody(), max_bytes="MAX_BATCH_BYTES", examples=EXAMPLES)
@jobs.response(201, schemas.Job(many=True), headers={**REPLAYED, **HONOURED})
@jobs.links(201, "/0/id", "job_id", *OF_A_JOB)
@jobs.problems(409, 413, 415, 422, 503)
def submit_batch(new: list[NewJob]) -> Response:
    """Submit up to 1,000 jobs of one queue

    All are accepted or none. They go on top of the stack in their order, so that the last one runs first.
    """
    receipt = accept(new, "submit_batch")
    return json_answer([job.as_dict() for job in receipt.jobs], 201, replayed(receipt.is_replay) | applied())
