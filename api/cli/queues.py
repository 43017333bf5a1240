"""``flask --app api queues``: how queues stand, and pausing them."""

from __future__ import annotations

from typing import Any

import click

from middleware.queues.command_user import command_user
from tasks import broker

from ..schemas.queues import PauseBody, ResumeBody
from .endings import fail, loaded, nothing_to_do, told_in_a_line
from .output import as_json, print_json, print_object, print_table

COLUMNS = ("name", "gate", "mode", "order_now", "queued", "scheduled", "running", "rejected", "oldest_age_s", "threads")


@click.group()
def queues() -> None:
    """Look at queues, pause them and let them go on."""


@queues.command("list")
@as_json
@told_in_a_line
def list_queues(as_json: bool) -> None:
    """List the queues, by name."""
    shown = broker.control.describe_all()
    if as_json:
        print_json(shown)
    else:
        print_table([_row(queue) for queue in shown], COLUMNS)


def _row(queue: dict[str, Any]) -> dict[str, Any]:
    threads = f"{queue['threads']['idle']} of {queue['threads']['total']} idle"
    return {**queue, **queue["counts"], "threads": threads}


@queues.command("show")
@click.argument("name")
@as_json
@told_in_a_line
def show_queue(name: str, as_json: bool) -> None:
    """Show how a queue stands."""
    _print(name, as_json)


@queues.command("pause")
@click.argument("name")
@click.option("--reason", required=True, help="Why: kept in the history.")
@as_json
@told_in_a_line
def pause_queue(name: str, reason: str, as_json: bool) -> None:
    """Claim none of a queue's jobs from now on. What runs goes on."""
    reason = loaded(PauseBody(), {"reason": reason})["reason"]
    _check(name)
    changed = broker.control.pause(name, by=command_user(), reason=reason)
    _print(name, as_json)
    if not changed:
        nothing_to_do(f"Queue {name} was paused already; that pause stays.")


@queues.command("resume")
@click.argument("name")
@click.option("--reason", help="Why: kept in the history.")
@as_json
@told_in_a_line
def resume_queue(name: str, reason: str | None, as_json: bool) -> None:
    """End a queue's pause."""
    reason = loaded(ResumeBody(), {"reason": reason}).get("reason")
    _check(name)
    changed = broker.control.resume(name, by=command_user(), reason=reason)
    _print(name, as_json)
    if not changed:
        nothing_to_do(f"Queue {name} wasn't paused.")


def _check(name: str) -> None:
    if not broker.control.is_known(name):
        fail(f"There is no queue {name}: no task declares it.")


def _print(name: str, as_json: bool) -> None:
    described = broker.control.describe(name)
    if described is None:
        fail(f"There is no queue {name}: no task declares it.")
    if as_json:
        print_json(described)
    else:
        print_object(described)
