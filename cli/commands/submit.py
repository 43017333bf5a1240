"""``lastin submit``: a job for a task."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from middleware.tags import MOST_TAGS
from scheduler.durations import parse_duration

from ..endings import Failed
from ..operations.completion import task_names
from ..operations.filters import Time
from ..operations.jobs import wait_for_end
from ..operations.submitting import submit
from ..output.printing import as_json, json_line, print_json
from ..sources import Shown, Source, connect

PROCESSED = "processed"
LONGEST_TAG = 64
"""As the API takes them, without commas."""


@click.command(short_help="Submit a job.")
@click.argument("message", required=False)
@click.option("--task", metavar="NAME", shell_complete=task_names, help="Run this task instead of the default one.")
@click.option("--payload", metavar="JSON", help="The task's arguments, as a JSON object.")
@click.option("--delay", metavar="DURATION", help="Run it no sooner than this long from now, such as 90s or 1h30m.")
@click.option("--run-at", metavar="TIME", type=Time(), help="Run it no sooner than this (RFC 3339).")
@click.option("--expires-in", metavar="DURATION", help="It expires if no worker has claimed it within this time.")
@click.option("--expires-at", metavar="TIME", type=Time(), help="Its deadline (RFC 3339), instead of --expires-in.")
@click.option("--subject", metavar="TEXT", help="What it is about: it supersedes waiting jobs of its subject.")
@click.option("--supersede-running", is_flag=True, help="Ask running jobs of its subject to stop.")
@click.option("--max-defer", metavar="DURATION", help="How long newer jobs may take a waiting one's turn.")
@click.option("--generated-at", metavar="TIME", type=Time(), help="When its data was generated (RFC 3339).")
@click.option("--group", metavar="TEXT", help="Who it belongs to: groups share a queue if the cadence says so.")
@click.option("--tag", "tags", metavar="TEXT", multiple=True, help="A word to find it by. May be given again.")
@click.option(
    "--wait", is_flag=True, help="Wait for its end, and print its result. Exit status 1: it wasn't processed."
)
@as_json
def command(message: str | None, tags: Sequence[str], wait: bool, as_json: bool, **given: Any) -> None:
    """Submit a job: MESSAGE for the default task, or --task with --payload. Prints its id."""
    body = _body(message, tags, **given)
    source = connect()
    job = submit(source, body)
    if job.get("warning"):
        click.echo(f"lastin: {job['warning']}", err=True)
    if wait:
        job = _ended(source, job)
    if as_json:
        print_json(job)
    else:
        click.echo(json_line(job["result"]) if wait and job["status"] == PROCESSED else job["id"])
    if wait and job["status"] != PROCESSED:
        raise Failed(f"It is {job['status']}. `lastin why {job['id']}` explains it.")


def _ended(source: Source, job: Shown) -> Shown:
    try:
        return wait_for_end(source, job)
    except KeyboardInterrupt:
        raise Failed(f"Job {job['id']} goes on.") from None


def _body(
    message: str | None,
    tags: Sequence[str],
    *,
    task: str | None,
    payload: str | None,
    delay: str | None,
    run_at: str | None,
    expires_in: str | None,
    expires_at: str | None,
    subject: str | None,
    supersede_running: bool,
    max_defer: str | None,
    generated_at: str | None,
    group: str | None,
) -> dict[str, Any]:
    """The body of ``POST /v1/jobs``."""
    if (message is None) is (task is None):
        raise click.UsageError("Give a MESSAGE for the default task, or --task with --payload.")
    if message is not None and payload is not None:
        raise click.UsageError("A MESSAGE and --payload can't be given together: --payload is for --task.")
    if delay is not None and run_at is not None:
        raise click.UsageError("--delay and --run-at can't be given together.")
    if expires_in is not None and expires_at is not None:
        raise click.UsageError("--expires-in and --expires-at can't be given together.")
    if len(tags) > MOST_TAGS or not all(1 <= len(tag) <= LONGEST_TAG and "," not in tag for tag in tags):
        limits = f"1 to {LONGEST_TAG} characters without commas, and may be given {MOST_TAGS} times"
        raise click.UsageError(f"--tag takes {limits}.")
    what = {"message": message} if task is None else {"task": task, "payload": _object(payload or "{}")}
    when = {"delay_s": _seconds("--delay", delay), "run_at": run_at}
    when |= {"expires_in_s": _seconds("--expires-in", expires_in), "expires_at": expires_at}
    max_defer_s = _seconds("--max-defer", max_defer)
    about = {"subject": subject, "supersede_running": supersede_running or None, "max_defer_s": max_defer_s}
    about |= {"generated_at": generated_at, "group": group}
    options = {**when, **about, "tags": list(tags) or None}
    return {**what, **{name: value for name, value in options.items() if value is not None}}


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--payload isn't JSON: {error}.") from None


def _seconds(option: str, duration: str | None) -> float | None:
    try:
        return None if duration is None else parse_duration(duration) / 1_000_000
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}.") from None
