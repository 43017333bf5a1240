"""What the work is: one file a task, found by itself, or the modules that TASKS names. ``dramatiq tasks`` runs them.

Importing reads the settings and declares the tasks, but connects to nothing.
"""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.stub import StubBroker

from middleware import VERSION
from middleware.broker import LifoBroker
from middleware.dramatiq_fixes.pinning import Pinning
from middleware.errors import SettingsError
from middleware.logs import WorkerLogs
from middleware.logs.job_lines import job_lines
from middleware.metrics.worker_metrics import WorkerMetrics
from middleware.settings import exit_with, load_or_exit
from middleware.telemetry.installed import start_sentry, tracing
from middleware.worker.context import cancel_requested, current_job_id, progress
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
    "current_job_id",
    "progress",
    "registry",
    "settings",
    "task",
]

settings = load_or_exit()
try:
    start_sentry(settings.sentry_dsn, f"lastin@{VERSION}")
except SettingsError as error:
    exit_with(error)
broker = LifoBroker(url=settings.redis_url, settings=settings, gated=True, on_ended=job_lines(settings.log_jobs))
broker.add_middleware(WorkerLogs(settings))
broker.add_middleware(WorkerMetrics())
for spans in tracing():
    broker.add_middleware(spans)
if settings.worker_pin:
    broker.add_middleware(Pinning())
# A test that has set a stub broker before keeps it, and the tasks send to it.
is_stubbed = isinstance(dramatiq.broker.global_broker, StubBroker)
if not is_stubbed:
    dramatiq.set_broker(broker)

registry = Registry(dramatiq.get_broker())
task = registry.task

try:
    discover(settings.tasks)
except TaskError as error:
    if settings.log_level == "DEBUG":
        raise
    exit_with(error)
