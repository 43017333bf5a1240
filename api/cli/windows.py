"""``flask --app api windows``: what each window let through, and opening and closing them by hand."""

from __future__ import annotations

from typing import Any

import click

from middleware.queues.command_user import command_user
from middleware.queues.window import Window
from tasks import broker

from ..schemas.windows import NewWindowBody, NextWindowQuery, WindowsQuery
from .endings import fail, loaded, nothing_to_do, told_in_a_line
from .output import as_json, print_json, print_object, print_table

COLUMNS = (
    *("id", "status", "opened_by", "opened_at", "close_reason", "credits", "claimed", "running", "processed"),
    *("retried", "rejected", "left_waiting", "opener", "closer"),
)
IDS_SHOWN = 100


@click.group()
def windows() -> None:
    """Look at windows, open and close them."""


@windows.command("list")
@click.option("--queue", metavar="NAME", help="Only windows of this queue.")
@click.option("--limit", default=50, show_default=True, help="The most windows to show (1 to 500).")
@as_json
@told_in_a_line
def list_windows(queue: str | None, limit: int, as_json: bool) -> None:
    """List windows, newest first."""
    page = broker.windows.page(**loaded(WindowsQuery(), {"queue": queue, "limit": str(limit)}))
    if as_json:
        print_json([window.as_dict() for window in page.windows])
    else:
        print_table([_shown(window) for window in page.windows], COLUMNS)


@windows.command("show")
@click.argument("id")
@as_json
@told_in_a_line
def show_window(id: str, as_json: bool) -> None:
    """Show a window."""
    _print(_existing(broker.windows.get(id), id), as_json)


@windows.command("open")
@click.argument("queue")
@click.option("--batch", type=int, metavar="N", help="How many claims it allows, 0 = no bound (as the cadence has it).")
@click.option("--lasts-s", type=float, metavar="SECONDS", help="It is closed by then (as the cadence has it).")
@as_json
@told_in_a_line
def open_window(queue: str, batch: int | None, lasts_s: float | None, as_json: bool) -> None:
    """Open a window of QUEUE now; one that is open is replaced."""
    new = loaded(NewWindowBody(), {"queue": queue, "batch": batch, "lasts_s": lasts_s})
    _check(queue)
    lasts_us = None if lasts_s is None else round(new["lasts_s"] * 1_000_000)
    opened = broker.windows.open(
        queue, opened_by="command", credits=new.get("batch"), lasts_us=lasts_us, by=command_user()
    )
    _print(opened, as_json)


@windows.command("close")
@click.argument("id")
@as_json
@told_in_a_line
def close_window(id: str, as_json: bool) -> None:
    """Close a window. What it has let through goes on."""
    before = _existing(broker.windows.get(id), id)
    if not before.is_open:
        _print(before, as_json)
        nothing_to_do(f"Window {id} is closed already.")
    _print(_existing(broker.windows.close(id, by=command_user()), id), as_json)


@windows.command("next")
@click.argument("queue")
@as_json
@told_in_a_line
def show_next_window(queue: str, as_json: bool) -> None:
    """Show when the next window of QUEUE opens, and what it would let through now."""
    loaded(NextWindowQuery(), {"queue": queue})
    _check(queue)
    shown = broker.windows.next(queue, limit=IDS_SHOWN).as_dict()
    if as_json:
        print_json(shown)
    else:
        print_object(shown)


def _check(queue: str) -> None:
    if not broker.control.is_known(queue):
        fail(f"There is no queue {queue}: no task declares it.")


def _existing(window: Window | None, id: str) -> Window:
    if window is None:
        fail(f"There is no window {id}, or it was a tick's and nothing was claimed in it.")
    return window


def _print(window: Window, as_json: bool) -> None:
    if as_json:
        print_json(window.as_dict())
    else:
        print_object(_shown(window))


def _shown(window: Window) -> dict[str, Any]:
    """What people see: also who opened and closed it by hand, for which the API has no place."""
    return {**window.as_dict(), "opener": window.opener, "closer": window.closer}
