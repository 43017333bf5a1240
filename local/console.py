"""What ``make run`` prints: the lines of all processes and its own, for people, or as JSON where they are for programs.

The processes write JSON in any case; here it is known whether a terminal reads them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
from honcho.printer import Message

from middleware.clock import rfc3339, to_us
from middleware.logs.console import for_people

NAME = "lastin"
BEGIN = '{"time":"'
"""How a line of a log begins."""
Line = dict[str, Any]


class Console:
    """Prints lines, one at a time and whole: only the main thread calls it."""

    def __init__(self, environment: Mapping[str, str], out: TextIO | None = None) -> None:
        """``environment``: that of the processes. LOG_FORMAT says for whom lines are; unset, it is a terminal's reader
        if there is one."""
        self._out = out or sys.stdout
        self._is_terminal = is_terminal = self._out.isatty()
        written = environment.get("LOG_FORMAT") or ("console" if is_terminal else "json")
        self.is_for_people = written == "console"
        self.colours = not environment.get("NO_COLOR") and (is_terminal or bool(environment.get("FORCE_COLOR")))
        self.shows_debug = environment.get("LOG_LEVEL") == "DEBUG"
        self.hears: Callable[[Line], bool] = lambda line: True
        """Is asked about each line of a process; False: it is left out for people, since we say it better."""

    def write(self, message: Message) -> None:
        """Print what a process has written; called by honcho's manager."""
        data = message.data
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
        for part in text.rstrip("\r\n").split("\n"):  # JSON may hold other characters that end lines
            printed, line, as_json = _taken_apart(part)
            if printed:
                self._print(_line(message.name, "INFO", printed, message.time.astimezone(UTC), logger="output"))
            if line and (self.hears(line) or not self.is_for_people):
                self._print(line, as_json)

    def say(self, text: str, level: str = "INFO") -> None:
        """Print a line of our own."""
        if level != "DEBUG" or self.shows_debug:
            self._print(_line(NAME, level, text, datetime.now(UTC), logger="local"))

    def begin_line(self) -> None:
        """Write over the ^C that the terminal shows for the key."""
        if self._is_terminal:
            self._out.write("\r")

    def show(self, text: str) -> None:
        """Print something for people only, as it is."""
        if self.is_for_people:
            print(text, file=self._out, flush=True)

    def _print(self, line: Line, as_json: str = "") -> None:
        as_json = as_json or orjson.dumps(line).decode()
        print(for_people(line, colours=self.colours) if self.is_for_people else as_json, file=self._out, flush=True)


def _taken_apart(text: str) -> tuple[str, Line, str]:
    """What a program has printed, and the line of its log behind that, as an object and as it was: what a task prints
    reaches us in pieces, and a line of another thread may come between two of them."""
    at = text.find(BEGIN)
    if at < 0:
        return text, {}, ""
    try:
        line: Line = orjson.loads(text[at:])
    except ValueError:
        return text, {}, ""
    return text[:at], line, text[at:]


def _line(process: str, level: str, message: str, at: datetime, *, logger: str) -> Line:
    return {
        "time": rfc3339(to_us(at)),
        "level": level,
        "logger": logger,
        "process": process,
        "message": message,
    }
