"""How a command ends: what went wrong in one line, and the exit status that programs go by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from marshmallow import Schema, ValidationError

from middleware.errors import LastInError

from .output import printable

FAILED, NOTHING_TO_DO = 1, 3

P = ParamSpec("P")
R = TypeVar("R")


def told_in_a_line(command: Callable[P, R]) -> Callable[P, R]:
    """What the service can't do now (Redis away, full, …) ends the command with one line and exit status 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except LastInError as error:
            fail(str(error))

    return run


def fail(text: str) -> NoReturn:
    """End with exit status 1."""
    click.echo(f"lastin: {printable(text)}", err=True)
    sys.exit(FAILED)


def nothing_to_do(text: str) -> NoReturn:
    """End with exit status 3."""
    click.echo(f"lastin: {printable(text)}", err=True)
    sys.exit(NOTHING_TO_DO)


def loaded(schema: Schema, given: Mapping[str, Any]) -> Any:
    """What was given, read as the HTTP API reads it.

    Raises:
      click.UsageError: it doesn't fit; exit status 2.
    """
    try:
        return schema.load({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise click.UsageError("; ".join(_flat(error.messages))) from None


def _flat(messages: Any, where: str = "") -> list[str]:
    if isinstance(messages, Mapping):
        return [text for name, inner in messages.items() for text in _flat(inner, _joined(where, str(name)))]
    return [f"{where}: {text}" if where else str(text) for text in messages]


def _joined(where: str, name: str) -> str:
    if name == "_schema":
        return where
    return f"{where}.{name}" if where else name
