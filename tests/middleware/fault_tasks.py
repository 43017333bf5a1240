"""What the worker processes of the fault tests run: ``dramatiq tests.middleware.fault_tasks``.

Tasks write what they do to the file that ``JOURNAL`` names, one line each.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import dramatiq

from middleware.broker import LifoBroker
from middleware.settings import load

settings = load()
broker = LifoBroker(url=settings.redis_url, settings=settings)
dramatiq.set_broker(broker)


def note(line: str) -> None:
    """Append a line; lines of several processes don't mix."""
    with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{line}\n")


@dramatiq.actor
def hold(name: str, until: str) -> None:
    """Run until a file is there."""
    note(f"began {name}")
    while not Path(until).exists():
        time.sleep(0.01)
    note(f"ended {name}")


@dramatiq.actor
def crash() -> None:
    """Take the whole process along."""
    note("crashed")
    os.kill(os.getpid(), signal.SIGKILL)


@dramatiq.actor(time_limit=100)
def hang(name: str) -> None:
    """Hang in a call of C at the first run, far beyond the time limit."""
    note(f"began {name}")
    if Path(os.environ["JOURNAL"]).read_text(encoding="utf-8").count(f"began {name}") == 1:
        time.sleep(60)
    note(f"ended {name}")
