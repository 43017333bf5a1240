"""What the HTTP server loads in each of its processes."""

from __future__ import annotations

import signal

from flask import Flask

import tasks
from middleware import logs

from . import create_app


def application() -> Flask:
    """The WSGI application, logging as the settings say."""
    _end_when_told()
    logs.configure(tasks.settings, process="web")
    return create_app(tasks.settings)


def _end_when_told() -> None:
    """A process that still starts is a fork of the server with its signal handlers: a SIGTERM would be taken there for
    the server's and be lost, and the server would wait for this process until it kills it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
