"""What the jobs of the load do. The clone that is tested gets this file as one of its ``tasks/``."""

from __future__ import annotations

import time

from marshmallow import fields

from tasks import task


@task(ms=fields.Integer(required=True))
def take(ms: int) -> None:
    """Keep a thread for so long."""
    time.sleep(ms / 1000)


@task(queue_name="steady", ms=fields.Integer(required=True))
def take_steadily(ms: int) -> None:
    """Keep a thread for so long, from a queue without windows."""
    time.sleep(ms / 1000)


@task(queue_name="steady", max_retries=2, min_backoff=10, max_backoff=50, ms=fields.Integer(required=True))
def fail(ms: int) -> None:
    """Keep a thread for so long, fail, be retried, and given up in the end."""
    time.sleep(ms / 1000)
    raise RuntimeError("as it was told")
