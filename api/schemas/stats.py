"""What the API takes and shows of statistics."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from middleware.commands.keys import QUEUE_NAME
from middleware.jobs import JobStatus
from middleware.statistics.stats import RATES, SPANS_S

from .asked import Query
from .fields import Matches
from .shown import Answer, shown_number, shown_time


class StatsQuery(Query):
    """The parameters of ``GET /v1/stats``."""

    queue = fields.String(
        validate=Matches(QUEUE_NAME.pattern, "the name of a queue"),
        metadata={"description": "Only this queue and its tasks; the total is then that of the queue."},
    )


def _numbers(name: str, names: list[str], field: fields.Field[Any], doc: str) -> type[Answer]:
    return type(name, (Answer,), {**dict.fromkeys(names, field), "__doc__": doc})


JobCounts = _numbers(
    "JobCounts",
    [status.value for status in JobStatus],
    fields.Integer(required=True, metadata={"examples": [3]}),
    "How many jobs are in each state now.",
)
JobRates = _numbers(
    "JobRates",
    list(RATES),
    fields.Float(required=True, metadata={"examples": [12.5]}),
    "How many a second.",
)
RatesBySpan = type(
    "RatesBySpan",
    (Answer,),
    {span: fields.Nested(JobRates, required=True) for span in SPANS_S}
    | {"__doc__": "Rates over the last 1, 5 and 15 minutes; for a task, up to a minute more."},
)


class Times(Answer):
    """Times in milliseconds, of the last 15 to 16 minutes. A percentile is interpolated between the bounds of a bucket,
    1, 2, 5, 10 and so on, and can be off by that much. Null where there is none."""

    count = fields.Integer(required=True, metadata={"examples": [7421]})
    mean = fields.Float(required=True, allow_none=True, metadata={"examples": [18.2]})
    p50 = fields.Float(required=True, allow_none=True, metadata={"examples": [3.1]})
    p90 = fields.Float(required=True, allow_none=True, metadata={"examples": [44.0]})
    p99 = fields.Float(required=True, allow_none=True, metadata={"examples": [187.5]})


class TaskSummary(Answer):
    """How a task of a queue is doing. Beyond 200 tasks of a queue, the others are `(other)`."""

    task = fields.String(required=True, metadata={"examples": ["process_message"]})
    queue = fields.String(required=True, metadata={"examples": ["default"]})
    counts = fields.Nested(JobCounts, required=True)
    rates = fields.Nested(RatesBySpan, required=True)
    wait_ms = fields.Nested(Times, required=True, metadata={"description": "From the stack to the claim."})
    run_ms = fields.Nested(Times, required=True, metadata={"description": "From the claim to the attempt's end."})


class Total(Answer):
    """How everything is doing."""

    counts = fields.Nested(JobCounts, required=True)
    oldest_age_s = shown_number(
        "How long the oldest waiting job has waited; null if none waits.", whole=False, nullable=True
    )
    rates = fields.Nested(RatesBySpan, required=True)
    wait_ms = fields.Nested(Times, required=True, metadata={"description": "From the stack to the claim."})
    run_ms = fields.Nested(Times, required=True, metadata={"description": "From the claim to the attempt's end."})


class QueueSummary(Total):
    """How a queue is doing."""

    queue = fields.String(required=True, metadata={"examples": ["default"]})


class Stats(Answer):
    """Statistics at about one moment."""

    at = shown_time("When they were read; null if there is no queue.")
    total = fields.Nested(Total, required=True)
    queues = fields.List(fields.Nested(QueueSummary), required=True)
    tasks = fields.List(fields.Nested(TaskSummary), required=True)
