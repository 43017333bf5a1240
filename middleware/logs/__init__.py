"""Logs with the same fields in every process: on stdout, and where the settings say to a file and over TCP."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import TextIO

import dramatiq

from ..dramatiq_fixes.own_lines import is_said_by_us
from ..errors import SettingsError
from ..settings import ROOT, Settings, exit_with
from .console import Console
from .file import SharedFileHandler
from .format import Json, Syslog, without_payloads
from .stdout import StdoutHandler
from .tcp import TcpHandler


def configure(settings: Settings, *, process: str, stream: TextIO | None = None) -> None:
    """Send this process's logs where they go. ``process``: web, worker or scheduler.

    Dramatiq redirects ``sys.stdout`` of its worker processes to the parent's stderr; the real one is used here. A file
    that can't be opened ends the process with one line and exit status 2.
    """
    handlers = [_stdout(settings, process, stream or sys.__stdout__ or sys.stderr)]
    if settings.log_file:
        handlers.append(_file(settings, process))
    if settings.log_tcp_url:
        handlers.append(_tcp(settings, process, settings.log_tcp_url))
    for handler in handlers:
        handler.addFilter(without_payloads)
        handler.addFilter(lambda record: not is_said_by_us(record))
    logging.basicConfig(level=settings.log_level, handlers=handlers, force=True)
    logging.captureWarnings(True)
    # What none of our lines shows needn't be found out for each (docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    warnings.simplefilter("default", DeprecationWarning)
    sys.excepthook = _log_what_ends_the_process
    threading.excepthook = _log_what_ends_a_thread
    # It writes lines for every single job; they are there with LOG_LEVEL=DEBUG.
    logging.getLogger("apscheduler").setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def _stdout(settings: Settings, process: str, out: TextIO) -> logging.Handler:
    handler = StdoutHandler(out)
    console = settings.log_format == "console" or (settings.log_format is None and out.isatty())
    colours = not settings.no_color and (settings.force_color or out.isatty())
    handler.setFormatter(Console(process, colours=colours) if console else Json(process))
    return handler


def _file(settings: Settings, process: str) -> logging.Handler:
    path = ROOT / Path(str(settings.log_file))
    try:
        handler = SharedFileHandler(path, largest_bytes=settings.log_file_bytes, kept=settings.log_file_kept)
    except OSError as error:
        exit_with(SettingsError(f"LOG_FILE must be a file that can be written to, but {path} can't: {error.strerror}."))
    handler.setFormatter(Json(process))
    return handler


def _tcp(settings: Settings, process: str, url: str) -> logging.Handler:
    syslog = settings.log_tcp_format == "rfc5424"
    handler = TcpHandler(url, octet_counted=syslog)
    handler.setFormatter(Syslog(process) if syslog else Json(process))
    return handler


def _log_what_ends_the_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("lastin").critical("The process ends.", exc_info=(kind, error, trace))


def _log_what_ends_a_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None:
        name = failure.thread.name if failure.thread else "unknown"
        trace = (failure.exc_type, failure.exc_value, failure.exc_traceback)
        logging.getLogger("lastin").error("Thread %s ends.", name, exc_info=trace)


class WorkerLogs(dramatiq.Middleware):
    """Dramatiq middleware that configures the logs of worker processes, which Dramatiq starts (``--skip-logging``)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """The process is a worker's, and runs no job yet."""
        configure(self._settings, process="worker")
