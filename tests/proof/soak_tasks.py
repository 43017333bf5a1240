"""What the workers of a soak run: ``dramatiq tests.proof.soak_tasks``."""

from __future__ import annotations

import os
import signal
import time

import dramatiq

from middleware.broker import LifoBroker
from middleware.settings import load

settings = load()
broker = LifoBroker(url=settings.redis_url, settings=settings)
dramatiq.set_broker(broker)


@dramatiq.actor
def nothing() -> None:
    """Come and go."""


@dramatiq.actor
def slow() -> None:
    """Keep a thread for a while."""
    time.sleep(0.005)


@dramatiq.actor(max_retries=2, min_backoff=10, max_backoff=50)
def failing() -> None:
    """Be retried, and given up in the end."""
    raise RuntimeError("as it was told")


@dramatiq.actor
def crash() -> None:
    """Take the whole process along."""
    os.kill(os.getpid(), signal.SIGKILL)
