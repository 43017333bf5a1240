"""What the API takes and shows of queues."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import fields, validate

from middleware.jobs import JobStatus
from middleware.queues.policy import GateWord, Mode, Order, OrderBy, OrderNow
from tasks.payload import StrictSchema

from .asked import Query, page_size
from .fields import Matches
from .shown import Answer, shown_number, shown_text, shown_time
from .windows import Window
from .workers import Threads


def _reason(*, required: bool) -> fields.Field[Any]:
    return fields.String(
        required=required,
        validate=[validate.Length(max=500), Matches(r"[\s\S]*\S[\s\S]*", "a text that says something")],
        metadata={"description": "Why: kept in the history.", "examples": ["The mail provider is down."]},
    )


class PauseBody(StrictSchema):
    """Why a queue is paused."""

    reason = _reason(required=True)


class ResumeBody(StrictSchema):
    """Why a queue is resumed."""

    reason = _reason(required=False)


class PausesQuery(Query):
    """The parameters of ``GET /v1/queues/{queue}/pauses``."""

    limit = page_size("How many at most.")


class Pause(Answer):
    """Why nothing is handed out."""

    reason = fields.String(required=True)
    by = shown_text("Who said so: the token's subject, or `anonymous`.", nullable=False)
    at = shown_time("When.", nullable=False)


class PauseEvent(Answer):
    """A pause, or its end."""

    event = fields.String(required=True, validate=validate.OneOf(["paused", "resumed"]))
    reason = fields.String(required=True, allow_none=True)
    by = shown_text("Who said so: the token's subject, or `anonymous`.", nullable=False)
    at = shown_time("When.", nullable=False)


QueueCounts = Answer.from_dict(
    {status.value: shown_number(f"Jobs that are {status.value}.") for status in JobStatus}, name="QueueCounts"
)
"""How many jobs there are in each state."""


class QueueLimits(Answer):
    """The limits on running jobs of a queue, from its cadence."""

    max_running = shown_number("How many jobs of the queue may run at once; null: no bound.", nullable=True)
    max_running_per_group = shown_number("How many jobs of one group may; null: no bound.", nullable=True)
    share_by_group = fields.Boolean(required=True, metadata={"description": "Whether the waiting groups take turns."})


class Freshness(Answer):
    """How old the newest processed job of each subject is, counted from its acceptance."""

    subjects = shown_number("Subjects with a processed job that is still kept.")
    p50_s = shown_number("Seconds that half of them don't exceed.", whole=False)
    p90_s = shown_number("Seconds that 90 % of them don't exceed.", whole=False)
    p99_s = shown_number("Seconds that 99 % of them don't exceed.", whole=False)
    oldest_s = shown_number("Seconds of the oldest one.", whole=False)


class Queue(Answer):
    """The state of a queue. Every key is always there."""

    name = fields.String(required=True, metadata={"examples": ["default"]})
    mode = fields.String(required=True, validate=validate.OneOf(get_args(Mode)))
    order = fields.String(
        required=True, validate=validate.OneOf(get_args(Order)), metadata={"description": "As the cadence has it."}
    )
    order_now = fields.String(
        required=True, validate=validate.OneOf(get_args(OrderNow)), metadata={"description": "The order of claims now."}
    )
    order_by = fields.String(
        required=True,
        validate=validate.OneOf(get_args(OrderBy)),
        metadata={
            "description": "What decides the places of new jobs: when they are accepted, or when they were generated."
        },
    )
    gate = fields.String(
        required=True,
        validate=validate.OneOf(get_args(GateWord)),
        metadata={"description": "Whether jobs may be claimed now."},
    )
    pause = fields.Nested(Pause, required=True, allow_none=True)
    window = fields.Nested(Window, required=True, allow_none=True, metadata={"description": "The open one."})
    next_window_at = shown_time("When the next window opens; null: none is planned.")
    counts = fields.Nested(QueueCounts, required=True)
    accepted = shown_number("Jobs since the queue was created, pruned ones included.")
    pruned = shown_number("Jobs that were pruned.")
    waiting_bytes = shown_number("Bytes of the messages of waiting jobs, queued or scheduled.")
    oldest_age_s = shown_number("How many seconds the oldest one has waited.", whole=False, nullable=True)
    wait_bound_s = shown_number(
        "A job accepted now starts within this many seconds at the latest; null: no bound is known.",
        whole=False,
        nullable=True,
    )
    freshness = fields.Nested(
        Freshness,
        required=True,
        allow_none=True,
        metadata={"description": "Null: there are none."},
    )
    limits = fields.Nested(
        QueueLimits,
        required=True,
        allow_none=True,
        metadata={"description": "Null: no scheduler has put one in force yet."},
    )
    held_back = shown_number("Waiting jobs that a bound of their queue or group keeps from running.")
    threads = fields.Nested(Threads, required=True)
