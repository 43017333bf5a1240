"""The tasks of the measures for huey."""

from __future__ import annotations

import os

from huey import RedisHuey

from . import journal
from .call import increment

huey = RedisHuey("bench", url=os.environ["REDIS_URL"], results=False)


@huey.task()
def noop() -> None:
    """Do nothing."""


@huey.task()
def call() -> None:
    """Ask Redis for one thing."""
    increment()


@huey.task()
def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)
