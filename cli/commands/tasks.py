"""``lastin tasks``: what can be run, and with what."""

from __future__ import annotations

from typing import Any

import click

from middleware.nearest import hint

from ..endings import Missing
from ..operations import service
from ..operations.completion import task_names
from ..output.printing import as_json, print_json, print_object, print_table
from ..sources import Shown, connect

COLUMNS = ("name", "queue", "payload", "summary")


@click.command(short_help="List the tasks.")
@click.argument("name", required=False, shell_complete=task_names)
@as_json
def command(name: str | None, as_json: bool) -> None:
    """List the tasks, or show the one called NAME, with what its payload must look like."""
    found = service.tasks(connect())
    if name is None:
        if as_json:
            print_json(found)
        else:
            print_table([_row(task) for task in found], COLUMNS)
        return
    task = next((task for task in found if task["name"] == name), None)
    if task is None:
        raise Missing(f"There is no task {name}.{hint(name, [task['name'] for task in found])}")
    (print_json if as_json else print_object)(task)


def _row(task: Shown) -> dict[str, Any]:
    required = task["payload_schema"].get("required", [])
    fields = [name if name in required else f"[{name}]" for name in task["payload_schema"].get("properties", {})]
    return {**task, "payload": " ".join(fields) or None}
