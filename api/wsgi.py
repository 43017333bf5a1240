"""What the HTTP server loads in each of its processes."""

from __future__ import annotations

import os

from flask import Flask

import tasks
from middleware import logs
from middleware.metrics.group_metrics import MetricsPublisher
from middleware.metrics.process_group import ProcessGroup

from . import create_app


def application() -> Flask:
    """The WSGI application, logging as the settings say."""
    logs.configure(tasks.settings, process="web")
    # The server's main process leads this one and its siblings, and has made their folder of metrics.
    app = create_app(tasks.settings, group=ProcessGroup("web", os.getppid()))
    app.extensions["rings"].start()
    MetricsPublisher(lambda: app.extensions["metrics"].group_metrics, tasks.broker.redis.new_link()).start()
    return app
