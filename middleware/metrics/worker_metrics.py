"""The metrics of a worker: Dramatiq's own, one port for all of its processes, and stored in Redis for the web process.

Importing this room doesn't import prometheus_client: see ``exposition.py``.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

import dramatiq

from .. import logs
from ..redis_link.links import link_to
from ..settings import Settings, load_or_exit
from .process_group import GroupFolderError, ProcessGroup

TRIED_PORTS = 10

logger = logging.getLogger(__name__)


class WorkerMetrics(dramatiq.Middleware):
    """Dramatiq middleware that adds Dramatiq's Prometheus middleware to worker processes, with the folder of this
    worker, and starts one process that shows what they count."""

    @property
    def forks(self) -> list[Callable[[], Any]]:
        """Dramatiq starts one of each in its parent process."""
        return [show_worker_metrics]

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """The process is a worker's, and runs no job yet."""
        try:
            folder = worker_group().folder()
        except (GroupFolderError, OSError) as error:
            logger.warning("This worker counts nothing for Prometheus: %s", error)
            return
        from . import exposition  # noqa: PLC0415 (the folder must be known first)

        exposition.share(folder)
        exposition.count_dropped_lines()
        from .task_metrics import TaskMetrics  # noqa: PLC0415

        counting = TaskMetrics(folder)
        counting.after_process_boot(broker)
        broker.add_middleware(counting)


def worker_group() -> ProcessGroup:
    """The group of a process that Dramatiq started: its command line leads it."""
    return ProcessGroup("worker", os.getppid())


def show_worker_metrics() -> int:
    """Show what this worker's processes count, on a port and and store it in Redis. Runs until SIGTERM."""
    from . import exposition  # noqa: PLC0415
    from .group_metrics import GroupMetrics, MetricsPublisher  # noqa: PLC0415

    settings = load_or_exit()
    logs.configure(settings, process="worker")
    group = worker_group()
    try:
        folder = group.folder()
        metrics = GroupMetrics(group, lambda: exposition.shared(folder))
    except (GroupFolderError, OSError):
        logger.exception("This worker shows no metrics.")
        return 0
    MetricsPublisher(lambda: metrics, link_to(settings.redis_address, timeout_s=5)).start()
    serve(settings, metrics)
    while True:
        time.sleep(3600)


def serve(settings: Settings, metrics: Any) -> int | None:
    """Show a group's metrics over HTTP; the port, or None when there is none. A second worker on this machine takes the
    next port that is free."""
    from prometheus_client import start_http_server  # noqa: PLC0415

    from .exposition import Merged  # noqa: PLC0415

    class Now:
        def collect(self) -> Any:
            return Merged(metrics.collect()).collect()

    first = settings.worker_metrics_port
    if not first:
        return None
    for port in range(first, min(first + TRIED_PORTS, 65536)):
        try:
            start_http_server(port, settings.worker_metrics_host, registry=Now())
        except OSError as error:
            logger.debug("Port %d of %s: %s", port, settings.worker_metrics_host, error)
        else:
            logger.info("The metrics of this worker: http://%s:%d/metrics", settings.worker_metrics_host, port)
            return port
    logger.warning(
        "None of the ports %d to %d of %s is free, so this worker's metrics are shown by the web process alone. Set "
        "WORKER_METRICS_PORT to another one, or to 0.",
        *(first, first + TRIED_PORTS - 1, settings.worker_metrics_host),
    )
    return None
