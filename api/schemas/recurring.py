"""What the API shows of recurring jobs."""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from middleware.jobs import JobStatus
from middleware.queues.recurring import TICKS_SHOWN, MissedTick

from .queues import Pause
from .shown import Answer, shown_number, shown_text, shown_time


class LastJob(Answer):
    """The last job that a recurring job submitted."""

    id = shown_text("The job's id.", nullable=False)
    status = fields.Enum(
        JobStatus,
        by_value=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "Null once the job was pruned."},
    )
    tick_at = shown_time("The tick for which it was submitted.", nullable=False)


class RecurringTicks(Answer):
    """How many ticks there have been since the job was in the cadence, by their outcome."""

    submitted = shown_number("Submitted a job.")
    skipped_paused = shown_number("Submitted nothing because it was paused.")
    skipped_waiting = shown_number("Submitted nothing because the job before still waited.")
    missed = shown_number("Submitted nothing because no scheduler was there in time.")


class Recurring(Answer):
    """A recurring job: at each tick of the cadence one job is submitted. Every key is always there."""

    name = fields.String(required=True, metadata={"examples": ["nightly"]})
    task = fields.String(required=True, metadata={"examples": ["process_message"]})
    queue = fields.String(required=True, metadata={"description": "That of its task.", "examples": ["default"]})
    payload = fields.Dict(required=True, metadata={"examples": [{"message": "Good night"}]})
    timetable = fields.String(
        required=True,
        metadata={"description": "When its ticks are, in words.", "examples": ["cron 0 2 * * * (Europe/Berlin)"]},
    )
    missed = fields.String(
        required=True,
        validate=validate.OneOf(get_args(MissedTick)),
        metadata={"description": "What happens to a tick that no scheduler saw in time."},
    )
    skip_if_waiting = fields.Boolean(
        required=True, metadata={"description": "Whether a tick submits nothing while the last job waits."}
    )
    pause = fields.Nested(Pause, required=True, allow_none=True)
    next_ticks = fields.List(
        fields.String(metadata={"format": "date-time"}),
        required=True,
        validate=validate.Length(max=TICKS_SHOWN),
        metadata={"description": "The next ticks; none while no scheduler is alive."},
    )
    last_tick_at = shown_time("The last tick that submitted or skipped a job; null: none did yet.")
    last_job = fields.Nested(LastJob, required=True, allow_none=True)
    ticks = fields.Nested(RecurringTicks, required=True)
