"""``lastin jobs``: list, show, cancel and retry jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from middleware.jobs import JobStatus

from ..endings import Conflict, Failed, Missing, NothingToDo
from ..listing import ListingGroup
from ..operations import jobs
from ..operations.filters import CANCELLABLE, RETRYABLE, Chosen, chosen, filtered
from ..operations.hints import expected, nobody_fits
from ..output.printing import as_json, one_or_more, print_json, print_object, print_table
from ..output.progress import progress
from ..output.terminal import printable
from ..output.times import short_ms, short_time
from ..sources import Shown, Source, connect

COLUMNS = ("id", "status", "task", "queue", "attempts", "created", "waited", "ran", "reason")


@click.group(cls=ListingGroup)
def command() -> None:
    """List jobs, newest first; show one, cancel and retry."""


@command.command("list")
@filtered(JobStatus)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most jobs to show.")
@as_json
def list_jobs(limit: int, as_json: bool, **given: Any) -> None:
    """List jobs, newest first. The word `list` may be left out."""
    source, where = connect(), chosen(given)
    found = list(jobs.newest(source, where, limit))
    if as_json:
        print_json(found)
    else:
        print_table([_row(job) for job in found], COLUMNS)
    if not found and (hint := nobody_fits(source, where)):
        click.echo(f"lastin: {printable(hint)}", err=True)


def _row(job: Shown) -> dict[str, Any]:
    times = {"created": short_time(job["created_at"]), "waited": short_ms(job["wait_ms"]), "ran": short_ms(job["run_ms"])}
    return {**job, **times}


@command.command("show")
@click.argument("id")
@as_json
def show_job(id: str, as_json: bool) -> None:
    """Show a job. `lastin why ID` tells why it isn't running, or ended as it did."""
    job = jobs.one(connect(), id)
    (print_json if as_json else print_object)(job)


@command.command("cancel")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filtered(CANCELLABLE)
@click.option("--reason", default="requested", show_default=True, help="Kept on the jobs.")
@as_json
def cancel_jobs(ids: Sequence[str], reason: str, as_json: bool, **given: Any) -> None:
    """Call jobs off: those with these IDs, or all that fit the filters. What runs is asked to stop."""
    source, where = connect(), _which(ids, given)
    if where is None:
        _each("Cancelling", ids, lambda id: jobs.cancel(source, id, reason), _cancelled, as_json)
    else:
        steps = jobs.cancel_all(source, where, reason)
        _all("Cancelling", source, where, CANCELLABLE, steps, ("count", "asked"), "called off", as_json)


@command.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filtered(RETRYABLE)
@as_json
def retry_jobs(ids: Sequence[str], as_json: bool, **given: Any) -> None:
    """Run jobs that ended badly again: those with these IDs, or all that fit the filters. They go on top."""
    source, where = connect(), _which(ids, given)
    if where is None:
        _each("Retrying", ids, lambda id: jobs.retry(source, id), lambda job: "put back on top", as_json)
    else:
        steps = jobs.retry_all(source, where)
        _all("Retrying", source, where, RETRYABLE, steps, ("count",), "put back on top", as_json)


def _which(ids: Sequence[str], given: Mapping[str, Any]) -> Chosen | None:
    """The filters; None when ids are given instead."""
    where = chosen(given)
    if bool(ids) is bool(where.words):
        raise click.UsageError("Say which jobs are meant: by their IDs, or by at least one filter.")
    return None if ids else where


def _cancelled(job: Shown) -> str:
    return "called off" if job["status"] == "cancelled" else "is asked to stop"


def _each(
    label: str, ids: Sequence[str], move: Callable[[str], Shown], told: Callable[[Shown], str], as_json: bool
) -> None:
    """Move jobs one by one; what can't be moved is told, and the rest is moved all the same."""
    moved: list[Shown] = []
    refused: dict[str, Failed] = {}

    def steps() -> Iterator[int]:
        for id in ids:
            try:
                moved.append(move(id))
            except (Missing, Conflict) as error:
                refused[id] = error
            yield 1

    progress(label, steps(), len(ids))
    if as_json:
        print_json(moved)
    else:
        for job in moved:
            click.echo(f"{printable(job['id'])} {told(job)}.")
    for id, error in refused.items():
        click.echo(f"lastin: {printable(f'{id}: {error.message}')}", err=True)
    if any(isinstance(error, Missing) for error in refused.values()):
        raise Failed("Not all of these jobs are there.")
    if not moved:
        raise NothingToDo("Nothing was to be done.")


def _all(
    label: str,
    source: Source,
    where: Chosen,
    statuses: Sequence[JobStatus],
    outcomes: Iterator[dict[str, Any]],
    counted: Sequence[str],
    done: str,
    as_json: bool,
) -> None:
    """Move all jobs that fit, with a bar."""
    sums = dict.fromkeys(counted, 0)

    def steps() -> Iterator[int]:
        for outcome in outcomes:
            for name in counted:
                sums[name] += outcome[name]
            yield outcome["count"]

    count = progress(label, steps(), expected(source, where, statuses))
    if as_json:
        print_json(sums)
    elif count:
        asked = f" ({sums['asked']:,} of them run, and are asked to stop)" if sums.get("asked") else ""
        click.echo(f"{one_or_more(count, 'job')} {done}{asked}.")
    if not count:
        raise NothingToDo(f"No job fits.{nobody_fits(source, where)}")
