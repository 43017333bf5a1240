"""How a line of the log is written: as JSON for machines, in colours for people, or as RFC 5424 says for syslog."""

from __future__ import annotations

import json
import logging
import os
import socket
from typing import Any

import dramatiq
from dramatiq.broker import MessageProxy
from pythonjsonlogger.core import merge_record_extra
from pythonjsonlogger.orjson import OrjsonFormatter

from ..clock import rfc3339
from . import origin

DIM, RESET = "\x1b[2m", "\x1b[0m"
COLOURS = {"DEBUG": "\x1b[2m", "INFO": "\x1b[36m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
SHOWN = ("job_id", "task", "attempt", "window", "request_id")
"""What the lines for people show of the context."""

SEVERITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}
FACILITY = 1
"""User-level messages (RFC 5424, 6.2.1)."""
STRUCTURED_DATA_ID = "lastin@32473"
"""The enterprise number that RFC 5612 keeps for examples: the project has none of its own."""


def time_of(record: logging.LogRecord) -> str:
    """RFC 3339, UTC, microseconds."""
    return rfc3339(round(record.created * 1_000_000))


class Json(OrjsonFormatter):
    """One object a line: ``time``, ``level``, ``logger``, ``process``, ``message``, the fields of the context, and what
    ``extra`` adds."""

    def __init__(self, process: str) -> None:
        super().__init__("%(message)s")
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The base class has a dozen options that aren't used here, and looks for each of them on every line."""
        line: dict[str, Any] = {
            "time": time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": "",
        }
        line |= record.msg if isinstance(record.msg, dict) else {"message": record.getMessage()}
        if record.exc_info:
            line.setdefault("exc_info", self.formatException(record.exc_info))
        if record.stack_info:
            line.setdefault("stack_info", self.formatStack(record.stack_info))
        merge_record_extra(record, line, self.reserved_attrs)
        for name, value in origin.current().items():
            line.setdefault(name, value)
        return self.jsonify_log_record(line)

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:
            # orjson refuses lone surrogates and integers of more than 64 bits; a log takes everything.
            return json.dumps(log_data, default=repr)


class Console(logging.Formatter):
    """Readable lines, in colours if wanted. What others have sent can neither steer the terminal nor pass for a line of
    its own: control characters are written out, and further lines of a message are indented."""

    def __init__(self, process: str, *, colours: bool) -> None:
        super().__init__(datefmt="%H:%M:%S")
        self._process = process
        self._colours = colours

    def formatMessage(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname:<8}"
        time = self.formatTime(record, self.datefmt)
        context = origin.current()
        about = " ".join(f"{name}={_visible(str(context[name]))}" for name in SHOWN if name in context)
        message = _visible(record.message).replace("\n", "\n    ")
        if self._colours:
            level = f"{COLOURS.get(record.levelname, '')}{level}{RESET}"
            time, about = f"{DIM}{time}{RESET}", about and f"{DIM}{about}{RESET}"
        return f"{time} {level} {self._process:<9} {record.name}: {message} {about}".rstrip()

    def formatException(self, ei: Any) -> str:
        return _visible(super().formatException(ei))


def _visible(text: str) -> str:
    """Control characters, and others that nobody can see, as Python writes them in a string; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


class Syslog(logging.Formatter):
    """RFC 5424, with the fields of the context as structured data."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._app = f"lastin-{process}"
        self._host = socket.gethostname()[:255] or "-"

    def format(self, record: logging.LogRecord) -> str:
        priority = 8 * FACILITY + SEVERITIES.get(record.levelname, 5)
        data = {"logger": record.name, **origin.current()}
        written = " ".join(f'{name}="{_escaped(value)}"' for name, value in data.items())
        head = f"<{priority}>1 {time_of(record)} {self._host} {self._app} {os.getpid()} -"
        return f"{head} [{STRUCTURED_DATA_ID} {written}] \ufeff{super().format(record)}"


def _escaped(value: Any) -> str:
    """RFC 5424, 6.3.3."""
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def without_payloads(record: logging.LogRecord) -> bool:
    """A filter that lets every record through, but for the payloads of messages: Dramatiq's own lines show them."""
    if record.msg == _ACTORS_ARGUMENTS:
        record.msg, record.args = "Received.", ()
    if record.args and isinstance(record.args, tuple) and any(isinstance(a, _MESSAGES) for a in record.args):
        record.args = tuple(
            f"{argument.message_id} of task {argument.actor_name}" if isinstance(argument, _MESSAGES) else argument
            for argument in record.args
        )
    return True


_MESSAGES = (dramatiq.Message, MessageProxy)
_ACTORS_ARGUMENTS = "Received args=%r kwargs=%r."
"""What an actor of Dramatiq writes with LOG_LEVEL=DEBUG; a test fails when that changes."""
