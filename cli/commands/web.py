"""``lastin web``: the HTTP API and the dashboard, as ``python -m api`` serves them."""

from __future__ import annotations

import click

from ..becoming import become


@click.command(short_help="Serve the HTTP API and the dashboard.")
def command() -> None:
    """Serve the HTTP API and the dashboard on HOST and PORT, until SIGTERM or Ctrl-C.

    Exit status 1: the port is taken; 2: a setting or a task can't be used.
    """

    def web() -> None:
        from api.__main__ import main  # noqa: PLC0415 (not for --help)

        main()

    become(web)
