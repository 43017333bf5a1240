"""``lastin workers``: who is alive, and what it runs."""

from __future__ import annotations

from typing import Any

import click

from ..operations import service
from ..output.printing import as_json, print_json, print_table
from ..output.times import short_time
from ..sources import Shown, connect

COLUMNS = ("id", "kind", "state", "threads", "idle", "lost", "runs", "queues", "since", "version")


@click.command(short_help="List workers and schedulers, and what they run.")
@as_json
def command(as_json: bool) -> None:
    """List the workers and schedulers that are alive, and what they run."""
    found = service.workers(connect())
    if as_json:
        print_json(found)
    else:
        print_table([_row(worker) for worker in found], COLUMNS)


def _row(worker: Shown) -> dict[str, Any]:
    runs = [f"{job['task']} {job['id']}" for job in worker["running"]]
    return {
        **worker,
        "state": "stopping" if worker["stopping"] else "alive",
        "threads": worker["threads"]["total"],
        "idle": worker["threads"]["idle"],
        "lost": worker["threads"]["lost"],
        "runs": len(runs) if len(runs) != 1 else runs[0],
        "queues": ", ".join(worker["queues"]),
        "since": short_time(worker["started_at"]),
    }
