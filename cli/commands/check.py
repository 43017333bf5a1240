"""``lastin check``: what the cadence file means, as ``python -m scheduler check`` tells it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from ..output.printing import as_json, print_json, print_lines

if TYPE_CHECKING:
    from scheduler.timetable import Timetable


@click.command(short_help="Show what the cadence file means.")
@as_json
def command(as_json: bool) -> None:
    """Read the cadence file and print the next ticks of each queue and recurring job. Asks neither Redis nor the
    API."""
    from middleware.clock import rfc3339  # noqa: PLC0415 (not for --help)
    from scheduler.clock import SystemClock  # noqa: PLC0415
    from scheduler.preview import TICKS_SHOWN, preview, said, said_of_job  # noqa: PLC0415
    from scheduler.watch import our_watcher  # noqa: PLC0415

    cadence = our_watcher().read()
    now_us = SystemClock().now_us()
    if not as_json:
        print_lines(preview(cadence, now_us))
        return

    def ticks(timetable: Timetable | None) -> list[str]:
        ahead = () if timetable is None else islice(timetable.all_after(now_us), TICKS_SHOWN)
        return [rfc3339(tick_us) for tick_us in ahead]

    queues, jobs = cadence.queues.values(), cadence.jobs.values()
    print_json(
        {
            "queues": [{"queue": q.queue, "means": list(said(q)), "ticks": ticks(q.timetable)} for q in queues],
            "jobs": [{"name": j.name, "means": list(said_of_job(j)), "ticks": ticks(j.timetable)} for j in jobs],
        }
    )
