"""What the API shows of why a job is where it is."""

from __future__ import annotations

from marshmallow import fields

from middleware.jobs import JobStatus

from .shown import Answer, shown_number, shown_time


class Cause(Answer):
    """One reason."""

    code = fields.String(
        required=True,
        metadata={
            "description": "Stable, for programs. Waiting: no_policy, paused, no_worker, window_closed, credits, "
            "threads_busy, others_first, worker_lost, tried_before, next, delayed, backoff, deadline. Running: "
            "running, over_time_limit, worker_silent, cancel_requested. Ended: processed, cancelled, expired, "
            "superseded; of a rejected job failed, worker_lost, skipped, unknown_task, undecodable, unencodable or "
            "rejected.",
            "examples": ["window_closed"],
        },
    )
    message = fields.String(
        required=True,
        metadata={
            "description": "For people.",
            "examples": ["No window is open; the next one opens at 2030-01-31T12:00:00.000000Z."],
        },
    )
    data = fields.Dict(
        required=True,
        metadata={
            "description": "The figures behind it; which ones depends on the code.",
            "examples": [{"next_window_at": "2030-01-31T12:00:00.000000Z"}],
        },
    )


class EstimateFigures(Answer):
    """What an estimate is made of."""

    before = shown_number("How many waiting jobs go first.")
    arrivals_per_s = shown_number("Jobs accepted by the queue, a second.", whole=False)
    starts_per_s = shown_number("Jobs that were claimed, a second.", whole=False)
    over_s = shown_number("Over how many seconds this was measured.", whole=False)


class Estimate(Answer):
    """When the job starts, if windows open as planned and the queue goes on as in the last 5 minutes: half of the jobs
    in its position start before."""

    starts_in_s = shown_number("Null: it may never start, or it isn't known.", whole=False, nullable=True)
    because = fields.String(
        required=True,
        metadata={
            "examples": [
                "It may never start at this rate: 12.0 jobs a second arrive and 10.0 start, and newer ones go first."
            ]
        },
    )
    data = fields.Nested(EstimateFigures, required=True)


class Explanation(Answer):
    """Why a job is where it is. The most decisive cause comes first."""

    id = fields.String(required=True)
    status = fields.Enum(JobStatus, by_value=fields.String(), required=True)
    at = shown_time("The moment that this answer describes.", nullable=False)
    causes = fields.List(fields.Nested(Cause), required=True)
    estimate = fields.Nested(
        Estimate, required=True, allow_none=True, metadata={"description": "Null for a job that runs or has ended."}
    )
