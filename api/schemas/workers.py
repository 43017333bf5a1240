"""What the API shows of workers and schedulers."""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from middleware.roster import Kind

from .jobs import Answer


class Threads(Answer):
    """Of a worker: all of its queues share them."""

    total = fields.Integer(required=True, metadata={"description": "How many jobs can run at once."})
    idle = fields.Integer(required=True, metadata={"description": "How many of them could take a job now."})


class RunningJob(Answer):
    """What a worker runs now."""

    id = fields.String(required=True, metadata={"description": "The job's id."})
    task = fields.String(required=True, metadata={"description": "What it runs."})
    queue = fields.String(required=True, metadata={"description": "The queue that it came from."})
    since = fields.String(required=True, metadata={"description": "When it was claimed.", "format": "date-time"})


class Worker(Answer):
    """A process that lives: a worker, or a scheduler, which runs no jobs."""

    id = fields.String(
        required=True,
        metadata={"description": "Its name, as `worker` in the jobs that it runs.", "examples": ["web-1:4711:9f3c"]},
    )
    kind = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    host = fields.String(required=True, metadata={"description": "The machine's name."})
    pid = fields.Integer(required=True, metadata={"description": "The process's id there."})
    version = fields.String(required=True, metadata={"description": "Which LastIn it runs."})
    started_at = fields.String(required=True, metadata={"description": "When it came to work.", "format": "date-time"})
    last_seen_at = fields.String(
        required=True,
        metadata={"description": "Its last sign of life; after a lease without one it is gone.", "format": "date-time"},
    )
    stopping = fields.Boolean(
        required=True, metadata={"description": "It was told to end: it finishes its jobs and takes no more."}
    )
    queues = fields.List(
        fields.String(), required=True, metadata={"description": "The queues whose jobs it takes, or looks after."}
    )
    threads = fields.Nested(Threads, required=True)
    running = fields.List(fields.Nested(RunningJob), required=True)
