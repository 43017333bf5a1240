"""How a command ends: what it has to say in one line on stderr, and the exit status that programs go by."""

from __future__ import annotations

from typing import IO, Any

import click

from .output.terminal import printable


class Failed(click.ClickException):
    """It couldn't be done; exit status 1."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """One line on stderr."""
        click.echo(f"lastin: {printable(self.message)}", file=file, err=file is None)


class Missing(Failed):
    """There is nothing of this name."""


class Conflict(Failed):
    """The state that it is in doesn't allow this."""


class Away(Failed):
    """The service can't answer now."""


class NothingToDo(Failed):
    """Nothing was to be done; exit status 3."""

    exit_code = 3


class Unusable(Failed):
    """An argument, a file or a setting can't be used; exit status 2."""

    exit_code = 2
