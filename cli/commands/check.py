"""``lastin check``: what the cadence file means, as ``python -m scheduler check`` tells it."""

from __future__ import annotations

from itertools import islice

import click

from ..output.printing import as_json, print_json, print_lines


@click.command()
@as_json
def command(as_json: bool) -> None:
    """Read the cadence file and print each queue's next ticks. Asks neither Redis nor the API."""
    from middleware.clock import rfc3339  # noqa: PLC0415 (not for --help)
    from scheduler.clock import SystemClock  # noqa: PLC0415
    from scheduler.preview import TICKS_SHOWN, preview, said  # noqa: PLC0415
    from scheduler.watch import our_watcher  # noqa: PLC0415

    cadence = our_watcher().read()
    now_us = SystemClock().now_us()
    if not as_json:
        print_lines(preview(cadence, now_us))
        return
    shown = []
    for queue in cadence.queues.values():
        ticks = () if queue.timetable is None else islice(queue.timetable.all_after(now_us), TICKS_SHOWN)
        shown.append({"queue": queue.queue, "means": list(said(queue)), "ticks": [rfc3339(tick) for tick in ticks]})
    print_json({"queues": shown})
