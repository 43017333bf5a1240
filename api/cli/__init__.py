"""The command line for operators: ``flask --app api jobs``, ``queues`` and ``windows``.

It does what the HTTP API does, with the same code, straight on Redis. Exit status: 0 done, 3 nothing to do, 1 failed,
2 bad arguments.
"""

from __future__ import annotations

from flask import Flask

from .jobs import jobs
from .queues import queues
from .windows import windows

GROUPS = (jobs, queues, windows)


def install(app: Flask) -> None:
    """Add the commands to ``flask --app api``."""
    for group in GROUPS:
        app.cli.add_command(group)
