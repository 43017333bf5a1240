"""``lastin tail``: jobs as they come, run and end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from ..endings import Away
from ..operations.filters import chosen, filtered
from ..operations.following import MOST_FOLLOWED, Follower
from ..output.printing import as_json, json_line, state
from ..output.terminal import printable
from ..output.times import short_ms, short_time
from ..sources import Shown, connect

LOOK_EVERY_S, LONGEST_PAUSE_S = 0.5, 5.0
NOT_FOR_LIFE = ("window", "created_after", "created_before")
"""Filters of lists that don't fit jobs from their beginning on."""


@click.command(short_help="Follow jobs live.")
@filtered(without=NOT_FOR_LIFE)
@click.option("-n", "--lines", type=click.IntRange(0), default=10, show_default=True, help="Show this many jobs first.")
@as_json
def command(lines: int, as_json: bool, status: tuple[str, ...], **given: Any) -> None:
    """Follow jobs live until Ctrl-C: a line for each job that arrives, starts or ends.

    With --status, only jobs that reach that state. It follows jobs that are accepted from now on, and those that it
    shows first. With --json, each line is a job.
    """
    follower = Follower(connect(), chosen(given))
    try:
        for job in _changes(follower, lines):
            if not status or job["status"] in status:
                click.echo(json_line(job) if as_json else _line(job))
    except KeyboardInterrupt:
        return


def _changes(follower: Follower, lines: int) -> Iterator[Shown]:
    yield from follower.begin(lines)
    pause_s, is_full = LOOK_EVERY_S, False
    while True:
        time.sleep(pause_s)
        try:
            changed = follower.changes()
        except Away as error:
            if pause_s == LOOK_EVERY_S:
                click.echo(f"lastin: {printable(error.message)} Waiting.", err=True)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        if pause_s != LOOK_EVERY_S:
            click.echo("lastin: It answers again.", err=True)
        pause_s = LOOK_EVERY_S
        if follower.is_full and not is_full:
            click.echo(f"lastin: The newest {MOST_FOLLOWED:,} jobs are followed, and no older ones.", err=True)
        is_full = follower.is_full
        yield from changed


def _line(job: Shown) -> str:
    at = job["finished_at"] or job["started_at"] or job["created_at"]
    told = printable("  ".join([job["task"], job["id"], ", ".join(_details(job))]))
    return f"{short_time(at)}  {state(job['status'])}  {told}".rstrip()


def _details(job: Shown) -> Iterator[str]:
    if job["queue"] != "default":
        yield f"queue {job['queue']}"
    if job["status"] == "scheduled":
        yield f"due {short_time(job['due_at'])}"
    if job["expires_at"] is not None and job["status"] in ("scheduled", "queued"):
        yield f"expires {short_time(job['expires_at'])}"
    if job["wait_ms"] is not None:
        yield f"waited {short_ms(job['wait_ms'])}"
    if job["run_ms"] is not None:
        yield f"ran {short_ms(job['run_ms'])}"
    if job["attempts"] > 1:
        yield f"attempt {job['attempts']}"
    if job["error"] is not None and job["status"] != "processed":
        yield f"{job['error']['type']}: {job['error']['message']}".partition("\n")[0][:200]
    elif job["reason"]:
        yield job["reason"]
