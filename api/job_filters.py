"""The parameters by which jobs are listed."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from middleware.jobs import JobStatus
from middleware.keys import QUEUE_NAME

from .fields import CursorText, Matches, QueryInteger


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
