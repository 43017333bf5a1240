"""What the work is: one file a task, found by itself, or the modules that TASKS names. ``dramatiq tasks`` runs them.

Importing reads the settings and declares the tasks, but connects to nothing.
"""

from __future__ import annotations

import dramatiq

from middleware.broker import LifoBroker
from middleware.dramatiq_fixes.pinning import Pinning
from middleware.logs import WorkerLogs
from middleware.logs.job_lines import job_lines
from middleware.metrics.worker_metrics import WorkerMetrics
from middleware.settings import exit_with, load_or_exit
from middleware.worker.context import cancel_requested, progress
from middleware.worker.delivery import Cancelled

from .declaration import TaskError
from .discovery import discover
from .registry import DEFAULT_TASK, Registry, Task

__all__ = [
    "DEFAULT_TASK",
    "Cancelled",
    "Task",
    "TaskError",
    "broker",
    "cancel_requested",
    "progress",
    "registry",
    "settings",
    "task",
]

settings = load_or_exit()
broker = LifoBroker(url=settings.redis_url, settings=settings, gated=True, on_ended=job_lines(settings.log_jobs))
broker.add_middleware(WorkerLogs(settings))
broker.add_middleware(WorkerMetrics())
if settings.worker_pin:
    broker.add_middleware(Pinning())
dramatiq.set_broker(broker)

registry = Registry(broker)
task = registry.task

try:
    discover(settings.tasks)
except TaskError as error:
    if settings.log_level == "DEBUG":
        raise
    exit_with(error)
