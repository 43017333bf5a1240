"""``lastin windows``: what each window let through, and closing them by hand."""

from __future__ import annotations

from typing import Any

import click

from ..endings import NothingToDo
from ..listing import ListingGroup
from ..operations import windows
from ..operations.completion import queue_names, window_ids
from ..output.printing import as_json, print_json, print_object, print_table
from ..output.times import short_time
from ..sources import Shown, connect

COLUMNS = (
    *("id", "status", "opened_by", "opened", "close_reason", "credits", "claimed", "running", "processed"),
    *("retried", "rejected", "left_waiting", "opener", "closer"),
)


@click.group(cls=ListingGroup, short_help="List, show and close windows; show the next.")
def command() -> None:
    """List windows, newest first; show one, close it, show the next. `lastin windows` is `lastin windows list`."""


@command.command("list")
@click.option("--queue", metavar="NAME", shell_complete=queue_names, help="Only windows of this queue.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most windows to show.")
@as_json
def list_windows(queue: str | None, limit: int, as_json: bool) -> None:
    """List windows, newest first. You may omit the word `list`."""
    found = windows.newest(connect(), queue=queue, limit=limit)
    if as_json:
        print_json([_of_api(window) for window in found])
    else:
        print_table([_row(window) for window in found], COLUMNS)


def _row(window: Shown) -> dict[str, Any]:
    return {**dict.fromkeys(windows.BY_HAND), **window, "opened": short_time(window["opened_at"])}


@command.command("show")
@click.argument("id", shell_complete=window_ids)
@as_json
def show_window(id: str, as_json: bool) -> None:
    """Show a window."""
    _print(windows.one(connect(), id), as_json)


@command.command("close")
@click.argument("id", shell_complete=window_ids)
@as_json
def close_window(id: str, as_json: bool) -> None:
    """Close a window. Jobs that it has let through go on."""
    source = connect()
    before = windows.one(source, id)
    if before["status"] != "open":
        _print(before, as_json)
        raise NothingToDo(f"Window {id} is closed already.")
    _print(windows.close(source, id), as_json)


@command.command("next")
@click.argument("queue", shell_complete=queue_names)
@as_json
def show_next_window(queue: str, as_json: bool) -> None:
    """Show when the next window of QUEUE opens, and what it would let through now."""
    found = windows.coming(connect(), queue)
    (print_json if as_json else print_object)(found)


def _of_api(window: Shown) -> Shown:
    return {name: value for name, value in window.items() if name not in windows.BY_HAND}


def _print(window: Shown, as_json: bool) -> None:
    if as_json:
        print_json(_of_api(window))
    else:
        print_object(window)
