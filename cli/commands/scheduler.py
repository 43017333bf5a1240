"""``lastin scheduler``: opens windows and submits recurring jobs, as ``python -m scheduler`` does."""

from __future__ import annotations

import click

from ..becoming import become


@click.command(short_help="Open windows and submit recurring jobs.")
def command() -> None:
    """Open windows and submit recurring jobs as CADENCE_FILE says, until SIGTERM or Ctrl-C.

    `lastin open` opens one window, `lastin check` shows what the file means. Exit status 2: the file, a setting or a
    task can't be used.
    """

    def scheduler() -> int:
        from scheduler.__main__ import main  # noqa: PLC0415 (not for --help)

        return main([])

    become(scheduler)
