"""``python -m scheduler open``: opens one window, for timers and cron, and waits for its end."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from middleware.errors import RedisAwayError
from middleware.queues.command_user import command_user
from middleware.queues.window import Window
from middleware.queues.windows import Windows

from .cadence import QueueCadence
from .clock import Clock
from .durations import format_duration
from .runner import policy_of

FIRST_LOOK_S, LONGEST_LOOK_S = 0.02, 0.5
REDIS_PATIENCE_S = 30.0
"""How long Redis may be away while somebody waits for the end of a window."""

Show = Callable[[str], None]


def open_window(
    cadence: QueueCadence, windows: Windows, clock: Clock, *, batch: int | None, lasts_us: int | None
) -> Window:
    """Put the queue's policy in force and open a window now; what isn't given is as the cadence has it.

    Raises:
      RedisAwayError: the window may have been opened all the same. It isn't tried again: that could open two.
      WindowRefusedError: the queue is continuous.
    """
    windows.put_policy(cadence.queue, policy_of(cadence))
    if lasts_us is None and (lasts_us := cadence.lasts_us) is None and cadence.timetable is not None:
        now_us = clock.now_us()
        lasts_us = cadence.timetable.ticks.after(now_us) - now_us
    return windows.open(
        cadence.queue,
        opened_by="command",
        credits=cadence.batch if batch is None else batch,
        lasts_us=lasts_us,
        by=command_user(),
    )


def wait_until_done(window: Window, windows: Windows, clock: Clock, show: Show) -> Window:
    """The window when it is closed and none of its jobs runs; ``show`` gets its progress now and then.

    Raises:
      RedisAwayError: Redis was away for longer than 30 s.
    """
    pause_s, answered_at = FIRST_LOOK_S, time.monotonic()
    while window.is_open or window.running:
        time.sleep(pause_s)
        pause_s = min(1.5 * pause_s, LONGEST_LOOK_S)
        try:
            found = windows.get(window.id)
        except RedisAwayError:
            if time.monotonic() - answered_at > REDIS_PATIENCE_S:
                raise
            show("waiting for Redis")
            continue
        answered_at = time.monotonic()
        window = _pruned(window, clock.now_us()) if found is None else found
        show(progress(window, clock.now_us()))
    return window


def progress(window: Window, now_us: int) -> str:
    """A window's progress, for a person who waits."""
    claimed = f"{window.claimed} of {window.credits}" if window.credits else str(window.claimed)
    left_us = 0 if window.closes_at_us is None else max(0, window.closes_at_us - now_us)
    state = f"open for {format_duration(left_us // 1_000_000 * 1_000_000)} more" if window.is_open else "closed"
    return f"window {window.id} {state}: {claimed} claimed, {window.running} running"


def summary(window: Window) -> str:
    """What a window did, in one line."""
    if window.is_open:
        return f"Window {window.id} is open."
    claimed = f"{window.claimed} of {window.credits}" if window.credits else str(window.claimed)
    outcomes = ", ".join(
        f"{getattr(window, name)} {name.replace('_', ' ')}"
        for name in ("running", "processed", "retried", "rejected", "cancelled", "put_back")
        if getattr(window, name)
    )
    left = "" if window.left_waiting is None else f"; {window.left_waiting} left waiting"
    closed = f" Closed by: {window.close_reason}." if window.close_reason else ""
    return f"Window {window.id}: {claimed} claimed{f' ({outcomes})' if outcomes else ''}{left}.{closed}"


def _pruned(window: Window, now_us: int) -> Window:
    """A window that Redis has forgotten is over."""
    return dataclasses.replace(window, closed_at_us=window.closed_at_us or now_us, running=0)
