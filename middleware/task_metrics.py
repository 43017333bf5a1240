"""Dramatiq's Prometheus middleware in our folder. To be imported in worker processes only: Dramatiq's module makes a
folder when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dramatiq.middleware import prometheus


class TaskMetrics(prometheus.Prometheus):
    """Counts jobs in progress, ended and failed, and how long they took, by queue and task."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        prometheus.DB_PATH = str(folder)

    @property
    def forks(self) -> list[Callable[[], Any]]:
        """None: ``worker_metrics.py`` has one of its own."""
        return []
