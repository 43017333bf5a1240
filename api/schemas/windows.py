"""What the API takes and shows of windows."""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from middleware.queues.policy import Order
from middleware.queues.window import CloseReason, OpenedBy
from tasks.payload import StrictSchema

from .asked import Query, page_cursor, page_size, queue_name
from .shown import Answer, shown_number, shown_text, shown_time

MOST_CREDITS = 1_000_000_000
SHORTEST_S, LONGEST_S = 0.01, 31 * 86_400


class NewWindowBody(StrictSchema):
    """A window to be opened now."""

    queue = queue_name("Which queue's jobs it lets through.", required=True)
    batch = fields.Integer(
        validate=validate.Range(min=0, max=MOST_CREDITS),
        metadata={"description": "How many claims it allows; 0: no bound. If you omit it, the cadence decides."},
    )
    lasts_s = fields.Float(
        validate=validate.Range(min=SHORTEST_S, max=LONGEST_S),
        metadata={"description": "How many seconds it lasts at most. If you omit it, the cadence decides."},
    )


class WindowsQuery(Query):
    """The parameters of ``GET /v1/windows``."""

    queue = queue_name("Only windows of this queue.")
    limit = page_size("Windows in a page.")
    cursor = page_cursor()


class NextWindowQuery(Query):
    """The parameters of ``GET /v1/windows/next``."""

    queue = queue_name("Which queue.", required=True)


class Window(Answer):
    """A stretch in which jobs of a queue may be claimed: every key is always there. `claimed` is the sum of `running`,
    `processed`, `retried`, `rejected`, `cancelled` and `put_back`, and never more than `credits`."""

    id = fields.String(required=True, metadata={"description": "The window's id.", "examples": ["default.42"]})
    queue = shown_text("Whose jobs it lets through.", nullable=False)
    status = fields.String(required=True, validate=validate.OneOf(["open", "closed"]))
    opened_by = fields.String(required=True, validate=validate.OneOf(get_args(OpenedBy)))
    tick_at = shown_time("When the cadence planned it.")
    opened_at = shown_time("When it opened.", nullable=False)
    closes_at = shown_time("When it closes at the latest.")
    closed_at = shown_time("When it closed.")
    close_reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*get_args(CloseReason), None]),
        metadata={"description": "What ended it."},
    )
    order = fields.String(required=True, validate=validate.OneOf(get_args(Order)))
    oldest_share = shown_number("The share of its claims that goes to the oldest waiting job.", whole=False)
    credits = shown_number("How many claims it allows; null: any number.", nullable=True)
    claimed = shown_number("How many jobs were claimed in it.")
    running = shown_number("Of these: still running.")
    processed = shown_number("Of these: processed.")
    retried = shown_number("Of these: failed, and tried again.")
    rejected = shown_number("Of these: rejected.")
    cancelled = shown_number("Of these: cancelled.")
    put_back = shown_number("Of these: put back, because the worker was lost or shut down.")
    first_claim_at = shown_time("When the first was claimed.")
    last_claim_at = shown_time("When the last was claimed.")
    oldest_wait_ms = shown_number(
        "How many milliseconds the oldest job that was left had waited when it closed.", whole=False, nullable=True
    )
    left_waiting = shown_number("How many jobs waited when it closed.", nullable=True)


class NextWindow(Answer):
    """The window that opens next, and what it would let through if it opened now."""

    queue = fields.String(required=True)
    opens_at = shown_time("When it opens; null: none is planned.")
    count = shown_number("How many jobs it would let through.")
    job_ids = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(max=100),
        metadata={"description": "The first of them, at most 100, in the order of their claims."},
    )
