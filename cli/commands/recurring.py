"""``lastin recurring``: what the cadence submits at its ticks, and pausing it."""

from __future__ import annotations

from typing import Any

import click

from ..endings import NothingToDo
from ..listing import ListingGroup
from ..operations import recurring
from ..operations.completion import recurring_names
from ..output.printing import as_json, print_json, print_object, print_table
from ..output.times import short_time
from ..sources import Shown, connect

COLUMNS = (
    "name",
    "task",
    "timetable",
    "paused",
    "next_tick",
    "last_tick",
    "last_job",
    "submitted",
    "skipped",
    "missed",
)


@click.group(cls=ListingGroup, short_help="List, show, pause and resume recurring jobs.")
def command() -> None:
    """List recurring jobs; show one, pause it and resume it. `lastin recurring` is `lastin recurring list`."""


@command.command("list")
@as_json
def list_recurring(as_json: bool) -> None:
    """List the recurring jobs by name. You may omit the word `list`."""
    found = recurring.everyone(connect())
    if as_json:
        print_json(found)
    else:
        print_table([_row(job) for job in found], COLUMNS)


def _row(job: Shown) -> dict[str, Any]:
    ticks, last_job = job["ticks"], job["last_job"]
    return {
        "name": job["name"],
        "task": job["task"],
        "timetable": job["timetable"],
        "paused": "paused" if job["pause"] else None,
        "next_tick": short_time(job["next_ticks"][0] if job["next_ticks"] else None),
        "last_tick": short_time(job["last_tick_at"]),
        "last_job": last_job and (last_job["status"] or "pruned"),
        "submitted": ticks["submitted"],
        "skipped": ticks["skipped_paused"] + ticks["skipped_waiting"],
        "missed": ticks["missed"],
    }


@command.command("show")
@click.argument("name", shell_complete=recurring_names)
@as_json
def show_recurring(name: str, as_json: bool) -> None:
    """Show a recurring job: its next ticks, its last job, and whether it is paused."""
    _print(recurring.one(connect(), name), as_json)


@command.command("pause")
@click.argument("name", shell_complete=recurring_names)
@click.option("--reason", required=True, help="Why: kept for as long as the pause lasts.")
@as_json
def pause_recurring(name: str, reason: str, as_json: bool) -> None:
    """Submit nothing from now on. Ticks in the pause aren't made up for."""
    if not reason.strip():
        raise click.UsageError("--reason must say something.")
    source = connect()
    before = recurring.one(source, name)
    _print(before if before["pause"] else recurring.pause(source, name, reason), as_json)
    if before["pause"]:
        raise NothingToDo(f"Recurring job {name} was paused already; that pause stays.")


@command.command("resume")
@click.argument("name", shell_complete=recurring_names)
@as_json
def resume_recurring(name: str, as_json: bool) -> None:
    """End a recurring job's pause."""
    source = connect()
    before = recurring.one(source, name)
    _print(recurring.resume(source, name) if before["pause"] else before, as_json)
    if not before["pause"]:
        raise NothingToDo(f"Recurring job {name} wasn't paused.")


def _print(job: Shown, as_json: bool) -> None:
    (print_json if as_json else print_object)(job)
