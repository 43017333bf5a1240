"""How a line of the log is written for machines: as JSON, or as RFC 5424 says for syslog."""

from __future__ import annotations

import json
import logging
import os
import socket
from functools import lru_cache
from typing import Any

import dramatiq
import orjson
from dramatiq.broker import MessageProxy
from pythonjsonlogger.core import merge_record_extra
from pythonjsonlogger.orjson import OrjsonFormatter

from ..clock import rfc3339
from . import origin
from .lines import Line

SEVERITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}
FACILITY = 1
"""User-level messages (RFC 5424, 6.2.1)."""
STRUCTURED_DATA_ID = "lastin@32473"
"""The enterprise number that RFC 5612 keeps for examples: the project has none of its own."""


def time_of(record: logging.LogRecord) -> str:
    """RFC 3339, UTC, microseconds."""
    return _written(record.created)


@lru_cache(maxsize=16)
def _written(created: float) -> str:
    """Lines that are written together have the same time."""
    return rfc3339(round(created * 1_000_000))


class Json(OrjsonFormatter):
    """One object a line: ``time``, ``level``, ``logger``, ``process``, ``message``, the fields of the context, and what
    ``extra`` adds."""

    def __init__(self, process: str) -> None:
        super().__init__("%(message)s")
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The base class has a dozen options that aren't used here, and looks for each of them on every line."""
        line = self.line(record)
        return _dumped(line) if isinstance(record, Line) else self.jsonify_log_record(line)

    def line(self, record: logging.LogRecord) -> dict[str, Any]:
        """What is to be told of a record, by name."""
        line: dict[str, Any] = {
            "time": time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": "",
        }
        if isinstance(record, Line):
            line["message"] = record.msg
            line |= record.fields
            if record.exc_text:
                line["exc_info"] = record.exc_text
            return line
        line |= record.msg if isinstance(record.msg, dict) else {"message": record.getMessage()}
        if record.exc_info:
            line.setdefault("exc_info", self.formatException(record.exc_info))
        if record.stack_info:
            line.setdefault("stack_info", self.formatStack(record.stack_info))
        merge_record_extra(record, line, self.reserved_attrs)
        for name, value in origin.current().items():
            line.setdefault(name, value)
        return line

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:
            return _dumped_somehow(log_data)


def _dumped(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line).decode()
    except TypeError:
        return _dumped_somehow(line)


def _dumped_somehow(line: dict[str, Any]) -> str:
    """orjson refuses lone surrogates and integers of more than 64 bits; a log takes everything."""
    return json.dumps(line, default=repr)


class Syslog(logging.Formatter):
    """RFC 5424, with the fields of the context as structured data."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._app = f"lastin-{process}"
        self._host = socket.gethostname()[:255] or "-"

    def format(self, record: logging.LogRecord) -> str:
        priority = 8 * FACILITY + SEVERITIES.get(record.levelname, 5)
        about = record.fields if isinstance(record, Line) else origin.current()
        data = {"logger": record.name, **about}
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
