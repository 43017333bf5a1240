"""The tasks of the measures for Celery."""

from __future__ import annotations

import os

from celery import Celery

from . import journal
from .call import increment

app = Celery("bench", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


@app.task
def noop() -> None:
    """Do nothing."""


@app.task
def call() -> None:
    """Ask Redis for one thing."""
    increment()


@app.task
def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)
