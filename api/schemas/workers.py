"""What the API shows of workers and schedulers."""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from middleware.processes.registry import Kind

from .shown import Answer, shown_number, shown_text, shown_time


class Threads(Answer):
    """Of a worker: all of its queues share them."""

    total = shown_number("How many jobs can run at once.")
    idle = shown_number("How many of them could take a job now.")


class WorkerThreads(Threads):
    """Of one worker."""

    lost = shown_number("How many hang in a task that ran far beyond its time limit.")


class RunningJob(Answer):
    """What a worker runs now."""

    id = shown_text("The job's id.", nullable=False)
    task = shown_text("What it runs.", nullable=False)
    queue = shown_text("The queue that it came from.", nullable=False)
    since = shown_time("When it was claimed.", nullable=False)


class Worker(Answer):
    """A process that is alive: a worker, or a scheduler, which runs no jobs."""

    id = fields.String(
        required=True,
        metadata={"description": "Its name, as `worker` in the jobs that it runs.", "examples": ["web-1:4711:9f3c"]},
    )
    kind = fields.String(required=True, validate=validate.OneOf(get_args(Kind)))
    host = shown_text("The machine's name.", nullable=False)
    pid = shown_number("The process's id there.")
    version = shown_text("Which version of LastIn it runs.", nullable=False)
    started_at = shown_time("When it started.", nullable=False)
    last_seen_at = shown_time("When it last registered. After a lease of silence it is removed.", nullable=False)
    stopping = fields.Boolean(
        required=True, metadata={"description": "It was asked to end: it finishes its jobs and claims no more."}
    )
    queues = fields.List(
        fields.String(), required=True, metadata={"description": "The queues whose jobs it takes, or looks after."}
    )
    threads = fields.Nested(WorkerThreads, required=True)
    running = fields.List(fields.Nested(RunningJob), required=True)
