"""What the workers of a drain run: ``dramatiq tests.shards.drain_tasks``. ``DRAIN_QUEUES`` names the queues."""

from __future__ import annotations

import os

import dramatiq

from middleware.broker import LifoBroker
from middleware.settings import load

settings = load()
broker = LifoBroker(url=settings.redis_url, settings=settings)
dramatiq.set_broker(broker)
for queue in os.environ["DRAIN_QUEUES"].split(","):
    broker.declare_queue(queue)


@dramatiq.actor
def nothing() -> None:
    """Come and go."""
