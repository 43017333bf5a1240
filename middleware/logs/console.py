"""Lines for people: a time, a name, what happened, and of which job if it doesn't say so itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .format import Json

NAME_WIDTH = 9
BEFORE_MESSAGE = len("00:00:00 ") + NAME_WIDTH + 1
RESET, DIM, NAME = "\x1b[0m", "\x1b[2m", "\x1b[36m"
COLOURS = {"DEBUG": DIM, "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
"""INFO has none: most lines are, and what stands out must be what isn't."""
OURS = ("api", "jobs", "lastin", "local", "middleware", "output", "scheduler", "tasks", "root")
"""Loggers that needn't be named: the name of the process says enough."""


class Console(logging.Formatter):
    """Formats records for people, in colours if wanted."""

    def __init__(self, process: str, *, colours: bool) -> None:
        super().__init__()
        self._fields = Json(process)
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        return for_people(self._fields.line(record), colours=self._colours)


def for_people(line: Mapping[str, Any], *, colours: bool) -> str:
    """A line of the log, given by its fields (docs/logs.md), as people read it. What others have sent can neither steer
    the terminal nor pass for a line of its own: control characters are written out, and further lines are indented."""
    level = str(line.get("level", "INFO"))
    word = "" if level == "INFO" else f"{level} "
    text = _indented(f"{word}{_source(line)}{line.get('message', '')}")
    about = _about(line, level)
    trace = "".join(f"\n{' ' * BEFORE_MESSAGE}{part}" for part in visible(str(line.get("exc_info", ""))).splitlines())
    time, name = _clock_time(str(line.get("time", ""))), visible(str(line.get("process", ""))).ljust(NAME_WIDTH)
    if not colours:
        return f"{time} {name} {text}{about}{trace}".rstrip()
    if colour := COLOURS.get(level):
        text = f"{colour}{text}{RESET}"
    about, trace = (part and f"{DIM}{part}{RESET}" for part in (about, trace))
    return f"{DIM}{time}{RESET} {NAME}{name}{RESET} {text}{about}{trace}"


def visible(text: str) -> str:
    """Control characters, and others that nobody can see, as Python writes them in a string; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _indented(text: str) -> str:
    return visible(text).replace("\n", "\n" + " " * BEFORE_MESSAGE)


def _source(line: Mapping[str, Any]) -> str:
    logger = str(line.get("logger", ""))
    return f"{logger}: " if logger and logger.partition(".")[0] not in OURS else ""


def _about(line: Mapping[str, Any], level: str) -> str:
    job, message = line.get("job_id"), str(line.get("message", ""))
    if job and str(job) not in message:
        return visible(f"  {line.get('task', 'job')} {job}")
    if "request_id" in line and level not in ("DEBUG", "INFO") and not job:
        return visible(f"  request {line['request_id']}")
    return ""


def _clock_time(rfc3339: str) -> str:
    try:
        return datetime.fromisoformat(rfc3339).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"
