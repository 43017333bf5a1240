"""``lastin queues``: how queues stand, and pausing them."""

from __future__ import annotations

from typing import Any

import click

from ..endings import NothingToDo
from ..listing import ListingGroup
from ..operations import queues
from ..operations.completion import queue_names
from ..output.printing import as_json, print_json, print_object, print_table
from ..output.times import short_s, short_time
from ..sources import Shown, connect

COLUMNS = ("name", "gate", "order", "queued", "scheduled", "running", "rejected", "oldest", "next_window", "threads")


@click.group(cls=ListingGroup, short_help="List, show, pause and resume queues.")
def command() -> None:
    """List queues; show one, pause it and resume it. `lastin queues` is `lastin queues list`."""


@command.command("list")
@as_json
def list_queues(as_json: bool) -> None:
    """List the queues by name. You may omit the word `list`."""
    found = queues.everyone(connect())
    if as_json:
        print_json(found)
    else:
        print_table([_row(queue) for queue in found], COLUMNS)


def _row(queue: Shown) -> dict[str, Any]:
    is_continuous = queue["mode"] == "continuous"
    return {
        **queue["counts"],
        "name": queue["name"],
        "gate": queue["gate"],
        "order": queue["order_now"],
        "oldest": short_s(queue["oldest_age_s"]),
        "next_window": "continuous" if is_continuous else short_time(queue["next_window_at"]),
        "threads": f"{queue['threads']['idle']} of {queue['threads']['total']} idle",
    }


@command.command("show")
@click.argument("name", shell_complete=queue_names)
@as_json
def show_queue(name: str, as_json: bool) -> None:
    """Show the state of a queue."""
    _print(queues.one(connect(), name), as_json)


@command.command("pause")
@click.argument("name", shell_complete=queue_names)
@click.option("--reason", required=True, help="Why: kept in the history.")
@as_json
def pause_queue(name: str, reason: str, as_json: bool) -> None:
    """Claim none of a queue's jobs from now on. Running jobs go on."""
    if not reason.strip():
        raise click.UsageError("--reason must say something.")
    source = connect()
    before = queues.one(source, name)
    _print(before if before["pause"] else queues.pause(source, name, reason), as_json)
    if before["pause"]:
        raise NothingToDo(f"Queue {name} was paused already; that pause stays.")


@command.command("resume")
@click.argument("name", shell_complete=queue_names)
@click.option("--reason", help="Why: kept in the history.")
@as_json
def resume_queue(name: str, reason: str | None, as_json: bool) -> None:
    """End a queue's pause."""
    source = connect()
    before = queues.one(source, name)
    _print(queues.resume(source, name, reason) if before["pause"] else before, as_json)
    if not before["pause"]:
        raise NothingToDo(f"Queue {name} wasn't paused.")


def _print(queue: Shown, as_json: bool) -> None:
    (print_json if as_json else print_object)(queue)
