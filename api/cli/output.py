"""What commands print: a table or one object a line for people, JSON for programs."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from ..wire.answers import json_bytes

C = TypeVar("C", bound=Callable[..., Any])

NOTHING = "–"
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters (C0 and C1, of which U+009B begins a command to a terminal), and those that are invisible or turn
the direction of what follows."""


def as_json(command: C) -> C:
    """The option ``--json``."""
    option: Callable[[C], C] = click.option(
        "--json", "as_json", is_flag=True, help="Print JSON, as the HTTP API has it."
    )
    return option(command)


def print_json(value: Any) -> None:
    """A value, as the HTTP API would answer it."""
    click.echo(_json(value))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows under their headings; on a terminal, lines are cut to its width."""
    cells = [[heading.replace("_", " ").upper() for heading in columns]]
    cells += [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(_cut(text))


def print_object(shown: Mapping[str, Any]) -> None:
    """One thing, a line for each of its keys."""
    width = max(map(len, shown))
    for name, value in shown.items():
        text = _json(value) if isinstance(value, dict | list) else _text(value)
        click.echo(f"{name.ljust(width)}  {text}")


def printable(text: str) -> str:
    """Without what could steer a terminal: names and texts come from other programs."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _json(value: Any) -> str:
    """JSON that steers no terminal: what isn't printable is escaped, which programs read as the same."""
    return UNPRINTABLE.sub(_escaped, json_bytes(value).decode())


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}" if found[0] < "\U00010000" else json.dumps(found[0])[1:-1]


def one_or_more(count: int, thing: str) -> str:
    """A number of things in words."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def progress(label: str, steps: Iterable[int]) -> int:
    """Go through the steps with a progress bar (on stderr, when that is a terminal); the sum of what they did."""
    total = 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(steps, label=label, show_pos=True, file=sys.stderr, hidden=hidden) as bar:
        for count in bar:
            total += count
    return total


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    return printable("yes" if value is True else "no" if value is False else str(value))


def _cut(text: str) -> str:
    if not sys.stdout.isatty():
        return text
    return text[: shutil.get_terminal_size().columns]
