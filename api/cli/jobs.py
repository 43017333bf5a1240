"""``flask --app api jobs``: list, show, submit, cancel and retry jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import click
import orjson

from middleware.diagnosis.why import explain
from middleware.jobs import Job, JobStatus
from middleware.queues.command_user import command_user
from middleware.store.filters import JobFilter
from middleware.store.moves import CANCELLABLE, RETRYABLE, BulkOutcome
from tasks import broker

from ..access.auth import RETRIED
from ..moves import REASON, WHY_NOT_RETRYABLE
from ..new_jobs import NewJob, NewJobBody
from ..schemas.job_filters import FilterFields, JobsQuery, ListOrder, job_filter
from ..submission import message_of_job
from .endings import fail, loaded, nothing_to_do, told_in_a_line
from .output import as_json, one_or_more, print_json, print_object, print_table, printable, progress

C = TypeVar("C", bound=Callable[..., Any])

COLUMNS = ("id", "status", "task", "queue", "attempts", "created_at", "wait_ms", "run_ms", "reason")
LONGEST_PAGE = 500
BULK_STEP = 1000


@click.group()
def jobs() -> None:
    """Look at jobs, submit, cancel and retry them."""


def filters(statuses: Sequence[JobStatus]) -> Callable[[C], C]:
    """The options by which jobs are chosen: those of the HTTP API."""

    def decorate(command: C) -> C:
        options = [
            click.option("--status", type=click.Choice([s.value for s in statuses]), help="Only jobs in this state."),
            click.option("--task", metavar="NAME", help="Only jobs that run this task."),
            click.option("--queue", metavar="NAME", help="Only jobs of this queue."),
            click.option("--window", metavar="ID", help="Only jobs that this window let through."),
            click.option("--created-after", metavar="TIME", help="Only jobs accepted later (RFC 3339)."),
            click.option("--created-before", metavar="TIME", help="Only jobs accepted earlier (RFC 3339)."),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@jobs.command("list")
@filters(list(JobStatus))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most jobs to show.")
@as_json
@told_in_a_line
def list_jobs(limit: int, as_json: bool, **given: str | None) -> None:
    """List jobs, newest first."""
    page = min(limit, LONGEST_PAGE)
    order: ListOrder = loaded(JobsQuery(), {**given, "limit": str(page)})
    shown = [job.as_dict() for job in _walked(order, limit)]
    if as_json:
        print_json(shown)
    else:
        print_table(shown, COLUMNS)


def _walked(order: ListOrder, limit: int) -> Iterator[Job]:
    cursor, left = order.cursor, limit
    while left > 0:
        page = broker.store.page(order.where, limit=min(left, order.limit), cursor=cursor)
        yield from page.jobs
        left, cursor = left - len(page.jobs), page.next
        if cursor is None:
            return


@jobs.command("show")
@click.argument("id")
@click.option("--why", is_flag=True, help="Explain why it isn't running, or ended as it did.")
@as_json
@told_in_a_line
def show_job(id: str, why: bool, as_json: bool) -> None:
    """Show a job."""
    shown = explain(id, broker) if why else broker.store.get(id)
    if shown is None:
        fail(f"There is no job {id}, or it has been pruned.")
    if as_json:
        print_json(shown.as_dict())
    elif isinstance(shown, Job):
        print_object(shown.as_dict())
    else:
        print_object({"id": shown.id, "status": shown.status.value} | {c.code: c.message for c in shown.causes})
        if shown.estimate is not None:
            in_s = shown.estimate.starts_in_s
            starts = "at an unknown time" if in_s is None else f"in about {math.ceil(in_s)} s"
            print_object({"starts": f"{starts}: {shown.estimate.because}"})


@jobs.command("submit")
@click.argument("message", required=False)
@click.option("--task", metavar="NAME", help="Run this task, with --payload, instead of the default one.")
@click.option("--payload", metavar="JSON", help="What the task gets, as a JSON object.")
@click.option("--delay-s", type=float, metavar="SECONDS", help="Run it this many seconds from now at the earliest.")
@click.option("--run-at", metavar="TIME", help="Not before then (RFC 3339).")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be given again.")
@as_json
@told_in_a_line
def submit_job(message: str | None, payload: str | None, tags: Sequence[str], as_json: bool, **given: Any) -> None:
    """Submit a job: MESSAGE for the default task, or --task with --payload."""
    body = {**given, "message": message, "payload": _object(payload), "tags": list(tags) or None}
    new: NewJob = loaded(NewJobBody(), {name: value for name, value in body.items() if value is not None})
    [job] = broker.accept_once([message_of_job(new, {})], [new.due]).jobs
    if as_json:
        print_json(job.as_dict())
    else:
        click.echo(job.id)


def _object(text: str | None) -> Any:
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"--payload isn't JSON: {error}") from None


@jobs.command("cancel")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filters([status for status in JobStatus if status in CANCELLABLE])
@click.option("--reason", default=REASON, show_default=True, help="Kept on the jobs.")
@as_json
@told_in_a_line
def cancel_jobs(ids: Sequence[str], reason: str, as_json: bool, **given: str | None) -> None:
    """Call jobs off: those with these IDs, or all that fit the filters. What runs is asked to stop."""
    where, reason = _chosen(ids, given), by_user(reason)
    if where is not None:
        _finish(
            _all("Cancelling", lambda: broker.moves.cancel_all(where, limit=BULK_STEP, reason=reason)),
            "called off",
            as_json,
        )
        return
    words = {id: broker.cancel(id, reason=reason) for id in ids}
    _finish_each(words, {"cancelled", "asked"}, "called off", as_json)


@jobs.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@filters([status for status in JobStatus if status in RETRYABLE])
@as_json
@told_in_a_line
def retry_jobs(ids: Sequence[str], as_json: bool, **given: str | None) -> None:
    """Run jobs that ended badly again: those with these IDs, or all that fit the filters. They go on top."""
    where = _chosen(ids, given)
    if where is not None:
        step = partial(broker.moves.retry_all, where, limit=BULK_STEP, reason=by_user(RETRIED))
        _finish(_all("Retrying", step), "put back on top", as_json)
        return
    words = {id: broker.retry(id, reason=by_user(RETRIED)) for id in ids}
    _finish_each(words, {"queued"}, "put back on top", as_json)


def by_user(reason: str) -> str:
    """A reason with who gave it: the user of this command."""
    return f"{reason} (by {command_user()})"


def _chosen(ids: Sequence[str], given: dict[str, str | None]) -> JobFilter | None:
    """The filter; None when ids are given instead."""
    has_filter = any(value is not None for value in given.values())
    if bool(ids) is has_filter:
        raise click.UsageError("Say which jobs are meant: by their IDs, or by at least one filter.")
    return None if ids else job_filter(loaded(FilterFields(), given))


def _all(label: str, step: Callable[[], BulkOutcome]) -> int:
    def steps() -> Iterator[int]:
        more = True
        while more:
            outcome = step()
            # A step that moved nothing would be repeated for ever: others are moving the same jobs.
            more = outcome.more and outcome.count > 0
            yield outcome.count

    return progress(label, steps())


def _finish(count: int, done: str, as_json: bool) -> None:
    if as_json:
        print_json({"count": count})
    elif count:
        click.echo(f"{one_or_more(count, 'job')} {done}.")
    if not count:
        nothing_to_do("No job fits.")


def _finish_each(words: Mapping[str, str], good: set[str], done: str, as_json: bool) -> None:
    if as_json:
        print_json([{"id": id, "answer": word} for id, word in words.items()])
    for id, word in words.items():
        if word in good and not as_json:
            click.echo(f"{printable(id)} {'is asked to stop' if word == 'asked' else done}.")
        elif word not in good:
            click.echo(f"lastin: {printable(id)}: {_WHY_NOT.get(word, word)}", err=True)
    if "missing" in words.values():
        fail("Not all of these jobs are there.")
    if not good & set(words.values()):
        nothing_to_do("Nothing was to be done.")


_WHY_NOT = {
    **WHY_NOT_RETRYABLE,
    "missing": "There is no job with this id, or it has been pruned.",
    "already": "It is cancelled already, or was asked to stop before.",
    "finished": "It has ended: there is nothing left to cancel.",
}
