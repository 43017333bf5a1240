"""What the workers of a soak run: ``dramatiq tests.proof.soak_tasks``.

Each process appends its id to the file that ``SOAK_PIDS`` names, so that the soak knows whose name stands in the log.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import dramatiq

from middleware.broker import LifoBroker
from middleware.settings import load

QUEUES = ("default", "steady")

settings = load()
broker = LifoBroker(url=settings.redis_url, settings=settings)
dramatiq.set_broker(broker)
for queue in QUEUES:
    broker.declare_queue(queue)

if "SOAK_PIDS" in os.environ:
    with Path(os.environ["SOAK_PIDS"]).open("a", encoding="ascii") as pids:
        pids.write(f"{os.getpid()}\n")


@dramatiq.actor
def nothing() -> None:
    """Come and go."""


@dramatiq.actor
def slow() -> None:
    """Keep a thread for a while."""
    time.sleep(0.005)


@dramatiq.actor
def long() -> None:
    """Keep a thread for so long that somebody may want to end it."""
    for _ in range(60):
        time.sleep(0.01)


@dramatiq.actor(max_retries=2, min_backoff=10, max_backoff=50)
def failing() -> None:
    """Be retried, and given up in the end."""
    raise RuntimeError("as it was told")


@dramatiq.actor
def crash() -> None:
    """Take the whole process along."""
    os.kill(os.getpid(), signal.SIGKILL)
