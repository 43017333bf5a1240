"""What the HTTP server loads in each of its processes."""

from __future__ import annotations

from flask import Flask

import tasks
from middleware import logs

from . import create_app


def application() -> Flask:
    """The WSGI application, logging as the settings say."""
    logs.configure(tasks.settings, process="web")
    return create_app(tasks.settings)
