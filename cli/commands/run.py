"""``lastin run``: all of the service on this machine, as ``make run`` starts it in the repository."""

from __future__ import annotations

import importlib.util

import click

from middleware.floors import here

from ..becoming import become
from ..endings import Unusable


@click.command(short_help="Run all of LastIn here, with a server of its own.")
def command() -> None:
    """Run the processes of the Procfile in this project's folder, until Ctrl-C.

    Unless REDIS_URL is set, an embedded server runs beside them and keeps its data in .data/. Settings are also read
    from .env.
    """
    if importlib.util.find_spec(here("local")) is None:
        raise Unusable("This installation can't run everything at once: start web, worker and scheduler one by one.")

    def run() -> int:
        from local.__main__ import main  # noqa: PLC0415 (not for --help)

        return main()

    become(run)
