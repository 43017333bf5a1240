"""The tasks of the measures for Dramatiq's own broker, with its default middleware."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from . import journal
from .call import increment

broker = RedisBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor
def noop() -> None:
    """Do nothing."""


@dramatiq.actor
def call() -> None:
    """Ask Redis for one thing."""
    increment()


@dramatiq.actor(max_retries=0)
def stamp(due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, work_ms)
