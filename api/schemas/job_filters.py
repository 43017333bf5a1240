"""The parameters by which jobs are listed."""

from __future__ import annotations

from typing import Any, NamedTuple

from marshmallow import Schema, fields, post_load, validate

from middleware.commands.keys import QUEUE_NAME
from middleware.jobs import JobStatus
from middleware.queues.window import WINDOW_ID
from middleware.store.filters import JobFilter
from middleware.store.reading import Cursor

from .asked import Query, page_cursor, page_size
from .fields import DateTimeUs, Matches


class ListOrder(NamedTuple):
    """What page of which jobs is asked for."""

    where: JobFilter
    limit: int
    cursor: Cursor | None


class FilterFields(Schema):
    """What jobs can be filtered by."""

    status: fields.Field[Any] = fields.Enum(
        JobStatus, by_value=fields.String(), metadata={"description": "Only jobs in this state."}
    )
    task = fields.String(
        validate=validate.Length(min=1, max=255), metadata={"description": "Only jobs that run this task."}
    )
    queue = fields.String(
        validate=Matches(QUEUE_NAME.pattern, "the name of a queue"),
        metadata={"description": "Only jobs of this queue."},
    )
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
    status = loaded.get("status")
    return JobFilter(
        statuses=None if status is None else frozenset({JobStatus(status)}),
        task=loaded.get("task"),
        queue=loaded.get("queue"),
        window=loaded.get("window"),
        created_after_us=loaded.get("created_after"),
        created_before_us=loaded.get("created_before"),
    )


class JobsQuery(FilterFields, Query):
    """The parameters of ``GET /v1/jobs``."""

    limit = page_size("Jobs in a page.")
    cursor = page_cursor()

    @post_load
    def _ordered(self, loaded: dict[str, Any], **_: Any) -> ListOrder:
        return ListOrder(job_filter(loaded), loaded["limit"], loaded.get("cursor"))
