"""``python -m scheduler check`` and ``lastin check``: what a cadence means, in words and times."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from middleware.queues.policy import OrderNow, first_in_words, limits_in_words

from .cadence import Cadence, QueueCadence
from .clock import from_us
from .durations import format_duration
from .recurring import Recurring
from .ticks import Cron
from .timetable import Timetable

TICKS_SHOWN = 10


def preview(cadence: Cadence, now_us: int) -> Iterator[str]:
    """Lines: each queue and recurring job with its next ten ticks after ``now_us``, in UTC and in its own time zone."""
    for queue in cadence.queues.values():
        yield f"{queue.queue}: {', '.join(said(queue))}"
        if queue.timetable is not None:
            yield from _ticks(queue.timetable, now_us)
    for job in cadence.jobs.values():
        yield f"jobs.{job.name}: {', '.join(said_of_job(job))}"
        yield from _ticks(job.timetable, now_us)


def _ticks(timetable: Timetable, now_us: int) -> Iterator[str]:
    for tick_us in islice(timetable.all_after(now_us), TICKS_SHOWN):
        yield f"  {_shown(tick_us, timetable)}"


def said(queue: QueueCadence) -> Iterator[str]:
    """What a queue's cadence means, in a few words each."""
    if queue.timetable is None:
        yield "continuous"
    else:
        yield str(queue.timetable.ticks)
        yield f"batch {queue.batch or 'without bound'}"
        lasts = "until the next tick" if queue.lasts_us is None else format_duration(queue.lasts_us)
        yield f"lasts {lasts}{' or until the stack is empty' if queue.close_when_empty else ''}"
        yield "with blackouts" if queue.timetable.blackout else "no blackouts"
        yield f"missed ticks: {queue.missed}"
    if queue.order == "adaptive":
        above, below = format_duration(queue.lifo_above_us), format_duration(queue.lifo_below_us)
        yield f"adaptive: {_end(queue, 'lifo')} from {above} of waiting on, {_end(queue, 'fifo')} again under {below}"
    else:
        yield _end(queue, queue.order)
    yield f"oldest share {queue.oldest_share_ppm / 1_000_000:g}"
    yield from limits_in_words(queue.max_running, queue.max_running_per_group, queue.share_by_group)


def _end(queue: QueueCadence, order: OrderNow) -> str:
    """The end of the stack, as the cadence file names it, with what lies there if that isn't the newest or oldest."""
    return order if queue.order_by == "accepted" else f"{order} ({first_in_words(order, queue.order_by)} first)"


def said_of_job(job: Recurring) -> Iterator[str]:
    """What a recurring job's section means, in a few words each."""
    yield f"{job.task.name} in queue {job.task.queue}"
    yield str(job.timetable.ticks)
    yield "with blackouts" if job.timetable.blackout else "no blackouts"
    yield f"missed ticks: {job.missed}"
    if job.skip_if_waiting:
        yield "not while the last one waits"


def _shown(tick_us: int, timetable: Timetable) -> str:
    tick = from_us(tick_us)
    text = tick.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00") + "Z"
    zone = timetable.ticks.timezone if isinstance(timetable.ticks, Cron) else None
    if zone is None and timetable.blackout is not None:
        zone = timetable.blackout.timezone
    if zone is None or zone.key == "UTC":
        return text
    return f"{text}  {tick.astimezone(zone):%a %Y-%m-%d %H:%M:%S%z}"
