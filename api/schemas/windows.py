"""What the API takes and shows of windows."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from middleware.cadence.policies import Order
from middleware.cadence.window_records import CloseReason, OpenedBy
from middleware.keys import QUEUE_NAME
from tasks.payload import StrictSchema

from .fields import CursorText, Matches, QueryInteger
from .jobs import Answer

MOST_CREDITS = 1_000_000_000
SHORTEST_S, LONGEST_S = 0.01, 31 * 86_400


def queue_name(description: str, *, required: bool = False) -> fields.Field[Any]:
    """A queue's name in a request."""
    return fields.String(
        required=required,
        validate=Matches(QUEUE_NAME.pattern, "the name of a queue"),
        metadata={"description": description, "examples": ["default"]},
    )


def shown_time(description: str, *, nullable: bool = True) -> fields.Field[Any]:
    """A time in an answer."""
    metadata = {"description": description, "format": "date-time"}
    return fields.String(required=True, allow_none=nullable, metadata=metadata)


def shown_count(description: str, *, nullable: bool = False) -> fields.Field[Any]:
    """A number of things in an answer."""
    return fields.Integer(required=True, allow_none=nullable, metadata={"description": description})


class NewWindowBody(StrictSchema):
    """A window to be opened now."""

    queue = queue_name("Which queue's jobs it lets through.", required=True)
    batch = fields.Integer(
        validate=validate.Range(min=0, max=MOST_CREDITS),
        metadata={"description": "At most so many claims, 0 = no bound; left out: as the cadence has it."},
    )
    lasts_s = fields.Float(
        validate=validate.Range(min=SHORTEST_S, max=LONGEST_S),
        metadata={"description": "Seconds until it is closed; left out: as the cadence has it."},
    )


class WindowsQuery(Schema):
    """The parameters of ``GET /v1/windows``."""

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012

    queue = queue_name("Only windows of this queue.")
    limit = QueryInteger(
        load_default=50, validate=validate.Range(min=1, max=500), metadata={"description": "Windows in a page."}
    )
    cursor = CursorText(
        metadata={
            "description": "Where the page begins: from the Link header of the page before.",
            "pattern": f"^{CursorText.pattern}$",
        }
    )


class NextWindowQuery(Schema):
    """The parameters of ``GET /v1/windows/next``."""

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012

    queue = queue_name("Which queue.", required=True)


class Window(Answer):
    """A stretch in which jobs of a queue may be claimed: every key is always there. `claimed` is the sum of `running`,
    `processed`, `retried`, `rejected`, `cancelled` and `put_back`, and never more than `credits`."""

    id = fields.String(required=True, metadata={"description": "The window's id.", "examples": ["default.42"]})
    queue = fields.String(required=True, metadata={"description": "Whose jobs it lets through."})
    status = fields.String(required=True, validate=validate.OneOf(["open", "closed"]))
    opened_by = fields.String(required=True, validate=validate.OneOf(get_args(OpenedBy)))
    tick_at = shown_time("When the cadence had planned it.")
    opened_at = shown_time("When it opened.", nullable=False)
    closes_at = shown_time("When it is closed at the latest.")
    closed_at = shown_time("When it closed.")
    close_reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*get_args(CloseReason), None]),
        metadata={"description": "What ended it."},
    )
    order = fields.String(required=True, validate=validate.OneOf(get_args(Order)))
    oldest_share = fields.Float(
        required=True, metadata={"description": "The share of its claims that goes to the oldest waiting job."}
    )
    credits = shown_count("How many claims it allows; null: any number.", nullable=True)
    claimed = shown_count("How many it has given.")
    running = shown_count("Of these: still running.")
    processed = shown_count("Of these: ended well.")
    retried = shown_count("Of these: failed, to be tried again.")
    rejected = shown_count("Of these: given up.")
    cancelled = shown_count("Of these: called off.")
    put_back = shown_count("Of these: put back, since the worker was lost or shut down.")
    first_claim_at = shown_time("When the first was claimed.")
    last_claim_at = shown_time("When the last was claimed.")
    oldest_wait_ms = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Milliseconds that the oldest of those had waited that were left when it closed."},
    )
    left_waiting = shown_count("How many jobs waited when it closed.", nullable=True)


class NextWindow(Answer):
    """The window that opens next, and what it would let through if it opened now."""

    queue = fields.String(required=True)
    opens_at = shown_time("When it opens; null: none is planned.")
    count = shown_count("How many jobs it would let through.")
    job_ids = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(max=100),
        metadata={"description": "The first of them, at most 100, in the order of their claims."},
    )
