"""``lastin worker``: runs jobs, as ``python -m tasks`` does."""

from __future__ import annotations

import click

from ..becoming import become


@click.command(short_help="Run jobs.")
def command() -> None:
    """Run jobs in WORKER_PROCESSES processes of WORKER_THREADS threads, until SIGTERM or Ctrl-C.

    Exit status 2: a setting or a task can't be used; 75: all threads hang, and it wants to be started again.
    """

    def worker() -> None:
        from tasks.__main__ import main  # noqa: PLC0415 (not for --help)

        main()

    become(worker)
