"""Logs as JSON lines on stdout, or readable ones on a terminal; the same fields in every process."""

from __future__ import annotations

import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Any, TextIO

import dramatiq
from pythonjsonlogger.json import JsonFormatter

from .settings import Settings

CONSOLE_FORMAT = "%(asctime)s %(levelname)-8s %(process_kind)-9s %(name)s: %(message)s"


class _Json(JsonFormatter):
    """``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``process``, and what ``extra`` adds."""

    def __init__(self, process: str) -> None:
        super().__init__("%(message)s", json_ensure_ascii=False)
        self._process = process

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["process"] = self._process
        super().add_fields(log_data, record, message_dict)


class _Console(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__(CONSOLE_FORMAT, datefmt="%H:%M:%S", defaults={"process_kind": process})


def configure(settings: Settings, *, process: str, stream: TextIO | None = None) -> None:
    """Send this process's logs to stdout. ``process``: web, worker or scheduler.

    Dramatiq redirects ``sys.stdout`` of its worker processes to the parent's stderr; the real one is used here.
    """
    out = stream or sys.__stdout__ or sys.stderr
    console = settings.log_format == "console" or (settings.log_format is None and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Console(process) if console else _Json(process))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    warnings.simplefilter("default", DeprecationWarning)
    # Its lines tell of every single job; they are there with LOG_LEVEL=DEBUG.
    logging.getLogger("apscheduler").setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


class WorkerLogs(dramatiq.Middleware):
    """Dramatiq middleware that configures the logs of worker processes, which Dramatiq starts (``--skip-logging``)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """The process is a worker's, and runs no job yet."""
        configure(self._settings, process="worker")
