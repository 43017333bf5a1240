"""The dashboard: pages for people, over the same objects as the API (``docs/dashboard.md``)."""

from __future__ import annotations

from flask import Flask

from .answers import Fragments
from .blueprint import dashboard, not_found
from .pages import guide, job, jobs, moves, overview, queues, tasks, windows, workers


def install(app: Flask) -> None:
    """Serve it under ``/dashboard``."""
    app.extensions["dashboard"] = Fragments()
    app.register_blueprint(dashboard)
    app.register_error_handler(404, not_found)


__all__ = ["guide", "install", "job", "jobs", "moves", "overview", "queues", "tasks", "windows", "workers"]
