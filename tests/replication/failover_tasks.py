"""The service's tasks and some more, for web and workers of the failover tests alike.

Tasks write what they do to the file that ``JOURNAL`` names, a line each: the time (``time.monotonic()``, which all
processes of a Linux machine share), a word and a name.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import Flask
from marshmallow import fields

import api.wsgi
from tasks import task


def note(word: str, name: str) -> None:
    """Append a line; lines of several threads don't mix."""
    with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{time.monotonic():.3f} {word} {name}\n")


@task(name=fields.String(required=True))
def child(name: str) -> None:
    """Say that it ran."""
    note("ran", name)


@task(name=fields.String(required=True))
def parent(name: str) -> None:
    """Submit a job from within a task, and say that it was accepted."""
    note("ran", name)
    note("sent", child.send(name=f"{name}-child").message_id)


@task(name=fields.String(required=True), until=fields.String(required=True))
def hold(name: str, until: str) -> None:
    """Keep a thread until a file is there."""
    note("holds", name)
    while not Path(until).exists():
        time.sleep(0.02)


def application() -> Flask:
    """As the service's own."""
    return api.wsgi.application()
