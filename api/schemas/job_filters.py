"""The parameters by which jobs are listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from marshmallow import Schema, fields, post_load, validate

from middleware.commands.keys import QUEUE_NAME
from middleware.jobs import JobStatus
from middleware.queues.window import WINDOW_ID
from middleware.store.filters import JobFilter
from middleware.store.reading import Cursor

from .asked import Query, page_cursor, page_size, tag
from .fields import DateTimeUs, Matches, Several


class ListOrder(NamedTuple):
    """What page of which jobs is asked for."""

    where: JobFilter
    limit: int
    cursor: Cursor | None


def status_field(statuses: Iterable[JobStatus] = JobStatus, *, in_query: bool = False) -> fields.Field[Any]:
    """One of these states, or several."""
    words = [status.value for status in JobStatus if status in frozenset(statuses)]
    return _several(fields.String(validate=validate.OneOf(words)), "Only jobs in this state.", "queued", in_query)


def task_field(*, in_query: bool = False) -> fields.Field[Any]:
    """One task, or several."""
    inner = fields.String(validate=[validate.Length(min=1, max=255), Matches("[^,]*", "the name of a task")])
    return _several(inner, "Only jobs that run this task.", "process_message", in_query)


def queue_field(*, in_query: bool = False) -> fields.Field[Any]:
    """One queue, or several."""
    inner = fields.String(validate=Matches(QUEUE_NAME.pattern, "the name of a queue"))
    return _several(inner, "Only jobs of this queue.", "default", in_query)


def tag_field(*, in_query: bool = False) -> fields.Field[Any]:
    """One tag, or several."""
    return _several(tag("A tag."), "Only jobs with this tag.", "customer-7", in_query)


def _several(inner: fields.Field[Any], description: str, example: str, in_query: bool) -> fields.Field[Any]:
    how = "repeated or separated by commas" if in_query else "in a list"
    text = f"{description} Several, {how}: any of them."
    return Several(
        inner, in_query=in_query, metadata={"description": text, "examples": [[example] if in_query else example]}
    )


class FilterFields(Schema):
    """What jobs can be filtered by. A job fits when all of what is given fits it."""

    status = status_field()
    task = task_field()
    queue = queue_field()
    tag = tag_field()
    window = fields.String(
        validate=Matches(WINDOW_ID.pattern, "the id of a window"),
        metadata={
            "description": "Only jobs that this window let through, when they last started.",
            "examples": ["default.17"],
        },
    )
    created_after = DateTimeUs(metadata={"description": "Only jobs that were accepted later than this."})
    created_before = DateTimeUs(metadata={"description": "Only jobs that were accepted earlier than this."})


def job_filter(loaded: dict[str, Any]) -> JobFilter:
    """The filter among what a schema with these fields has loaded."""
    return JobFilter(
        statuses=loaded.get("status"),
        tasks=loaded.get("task"),
        queues=loaded.get("queue"),
        tags=loaded.get("tag"),
        window=loaded.get("window"),
        created_after_us=loaded.get("created_after"),
        created_before_us=loaded.get("created_before"),
    )


class JobsQuery(FilterFields, Query):
    """The parameters of ``GET /v1/jobs``."""

    status = status_field(in_query=True)
    task = task_field(in_query=True)
    queue = queue_field(in_query=True)
    tag = tag_field(in_query=True)
    limit = page_size("Jobs in a page.")
    cursor = page_cursor()

    @post_load
    def _ordered(self, loaded: dict[str, Any], **_: Any) -> ListOrder:
        return ListOrder(job_filter(loaded), loaded["limit"], loaded.get("cursor"))
