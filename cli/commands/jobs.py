"""``lastin jobs``: list, show, cancel and retry jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from middleware.jobs import CANCELLABLE, RETRYABLE

from ..listing import ListingGroup
from ..moving import Move, move_all, move_each
from ..operations import jobs
from ..operations.filters import Chosen, chosen, filtered
from ..operations.hints import nobody_fits
from ..output.printing import as_json, print_json, print_object, print_table
from ..output.terminal import printable
from ..output.times import short_ms, short_time
from ..sources import Shown, connect

COLUMNS = ("id", "status", "task", "queue", "attempts", "created", "waited", "ran", "reason")
CANCEL = Move(
    label="Cancelling",
    statuses=CANCELLABLE,
    told=lambda job: "is asked to stop" if job["status"] == "running" else "cancelled",
)
RETRY = Move(label="Retrying", statuses=RETRYABLE, told=lambda job: "put back on top")


@click.group(cls=ListingGroup, short_help="List, show, cancel and retry jobs.")
def command() -> None:
    """List jobs, newest first; show one, cancel and retry. `lastin jobs` is `lastin jobs list`."""


@command.command("list")
@filtered()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most jobs to show.")
@as_json
def list_jobs(limit: int, as_json: bool, **given: Any) -> None:
    """List jobs, newest first. You may omit the word `list`."""
    source, where = connect(), chosen(given)
    found = list(jobs.newest(source, where, limit))
    if as_json:
        print_json(found)
    else:
        print_table([_row(job) for job in found], COLUMNS)
    if not found and (hint := nobody_fits(source, where)):
        click.echo(f"lastin: {printable(hint)}", err=True)


def _row(job: Shown) -> dict[str, Any]:
    times = {
        "created": short_time(job["created_at"]),
        "waited": short_ms(job["wait_ms"]),
        "ran": short_ms(job["run_ms"]),
    }
    return {**job, **times}


@command.command("show")
@click.argument("id")
@as_json
def show_job(id: str, as_json: bool) -> None:
    """Show a job. `lastin why ID` says why it isn't running, or ended as it did."""
    job = jobs.one(connect(), id)
    (print_json if as_json else print_object)(job)


@command.command("cancel")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filtered(CANCELLABLE)
@click.option("--reason", default="requested", show_default=True, help="Kept on the jobs.")
@as_json
def cancel_jobs(ids: Sequence[str], reason: str, as_json: bool, **given: Any) -> None:
    """Cancel jobs: those with these IDs, or all that match the filters. Running jobs are asked to stop."""
    source, where = connect(), _which(ids, given)
    if where is None:
        move_each(CANCEL, ids, lambda id: jobs.cancel(source, id, reason), as_json=as_json)
    else:
        move_all(CANCEL, source, where, jobs.cancel_all(source, where, reason), as_json=as_json)


@command.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filtered(RETRYABLE)
@as_json
def retry_jobs(ids: Sequence[str], as_json: bool, **given: Any) -> None:
    """Run rejected, cancelled or expired jobs again, on top: those with these IDs, or all that match the filters."""
    source, where = connect(), _which(ids, given)
    if where is None:
        move_each(RETRY, ids, lambda id: jobs.retry(source, id), as_json=as_json)
    else:
        move_all(RETRY, source, where, jobs.retry_all(source, where), as_json=as_json)


def _which(ids: Sequence[str], given: Mapping[str, Any]) -> Chosen | None:
    """The filters; None when ids are given instead."""
    where = chosen(given)
    if bool(ids) is bool(where.words):
        raise click.UsageError("Say which jobs are meant: by their IDs, or by at least one filter.")
    return None if ids else where
