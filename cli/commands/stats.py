"""``lastin stats``: how many jobs there are in each state, how fast they go, how long they wait and run."""

from __future__ import annotations

from typing import Any

import click

from ..operations import service
from ..operations.completion import queue_names
from ..output.printing import as_json, print_json, print_table
from ..output.times import short_ms, short_s
from ..sources import Shown, connect

COLUMNS = (
    *("queue", "task", "scheduled", "queued", "running", "processed", "rejected", "accepted/s", "processed/s"),
    *("oldest", "wait_p50", "wait_p99", "run_p50", "run_p99"),
)


@click.command(short_help="Show counts, rates and times.")
@click.option("--queue", metavar="NAME", shell_complete=queue_names, help="Only this queue.")
@as_json
def command(queue: str | None, as_json: bool) -> None:
    """Show counts, rates (a second, over the last minute) and times (over the last 15 minutes) by queue and task."""
    found = service.stats(connect(), queue)
    if as_json:
        print_json(found)
        return
    rows = []
    for of_queue in found["queues"]:
        rows.append(_row(of_queue, "(all)"))
        rows += [_row(task, task["task"]) for task in found["tasks"] if task["queue"] == of_queue["queue"]]
    print_table(rows, COLUMNS)


def _row(summary: Shown, task: str) -> dict[str, Any]:
    rates = summary["rates"]["1m"]
    return {
        **summary["counts"],
        "queue": summary["queue"],
        "task": task,
        "accepted/s": round(rates["accepted"], 1),
        "processed/s": round(rates["processed"], 1),
        "oldest": short_s(summary.get("oldest_age_s")),
        **{
            f"{times}_{share}": short_ms(summary[f"{times}_ms"][share])
            for times in ("wait", "run")
            for share in ("p50", "p99")
        },
    }
