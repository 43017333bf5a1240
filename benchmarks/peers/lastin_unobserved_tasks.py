"""The same tasks on a broker without metrics and without log records of workers."""

from __future__ import annotations

from middleware.logs import WorkerLogs
from middleware.metrics.worker_metrics import WorkerMetrics

from .lastin_tasks import broker, call, noop, order, stamp

__all__ = ["broker", "call", "noop", "order", "stamp"]

broker.middleware[:] = [m for m in broker.middleware if not isinstance(m, WorkerLogs | WorkerMetrics)]
