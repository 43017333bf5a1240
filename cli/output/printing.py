"""Tables, objects and JSON documents on stdout."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from .terminal import escaped, is_terminal, printable
from .times import NOTHING

C = TypeVar("C", bound=Callable[..., Any])

COLOURS: Mapping[str, str] = {
    "scheduled": "cyan",
    "queued": "blue",
    "running": "yellow",
    "processed": "green",
    "rejected": "red",
    "cancelled": "magenta",
    "expired": "magenta",
    "superseded": "magenta",
    "open": "green",
    "closed": "yellow",
    "paused": "red",
}
"""Of states and gates, on a terminal."""


def as_json(command: C) -> C:
    """The option ``--json``."""
    option: Callable[[C], C] = click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, as the HTTP API has it."
    )
    return option(command)


def json_line(value: Any) -> str:
    """A value as JSON in one line."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def print_json(value: Any) -> None:
    """A value as one JSON document: laid out on a terminal, else in one line."""
    if is_terminal(sys.stdout):
        click.echo(escaped(json.dumps(value, ensure_ascii=False, indent=2)))
    else:
        click.echo(json_line(value))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows under their headings, numbers to the right; on a terminal, lines are cut to its width. Nothing but the
    headings where there are no rows."""
    cells = [[_text(row[column]) for column in columns] for row in rows]
    headings = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, of_column)) for of_column in zip(headings, *cells, strict=True)]
    to_right = [all(isinstance(row[column], int | float) for row in rows) for column in columns]
    for line in [headings, *cells]:
        click.echo(_line(line, widths, to_right))


def _line(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    left = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else sys.maxsize
    parts = []
    for cell, width, is_right in zip(cells, widths, to_right, strict=True):
        padded = (cell.rjust(width) if is_right else cell.ljust(width))[:left]
        parts.append(click.style(padded, fg=COLOURS[cell]) if cell in COLOURS else padded)
        left = max(0, left - width - 2)
    return "  ".join(parts).rstrip()


def print_object(shown: Mapping[str, Any]) -> None:
    """One thing, a line for each of its keys."""
    width = max(map(len, shown))
    for name, value in shown.items():
        text = json_line(value) if isinstance(value, dict | list) else _text(value)
        click.echo(f"{name.ljust(width)}  {text}")


def print_lines(lines: Iterable[str]) -> None:
    """Sentences."""
    for line in lines:
        click.echo(printable(line))


def state(status: str) -> str:
    """A state in its colour, as wide as the widest."""
    return click.style(printable(status).ljust(10), fg=COLOURS.get(status))


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    return printable("yes" if value is True else "no" if value is False else str(value))
