"""Opening one window, for timers, cron and people: ``python -m scheduler open`` and ``lastin open``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from middleware.broker import LifoBroker
from middleware.clock import rfc3339, to_us
from middleware.errors import RedisAwayError
from middleware.processes.server_safety import SafetyWatch
from middleware.queues.command_user import command_user
from middleware.queues.window import Window
from middleware.queues.windows import Windows
from middleware.redis_link.backoff import Backoff

from .cadence import QueueCadence
from .cadence_file import SHORTEST_WINDOW_US
from .clock import Clock, RedisClock
from .durations import format_duration
from .errors import CadenceError
from .runner import policy_of
from .values import LONGEST_US, MOST_CREDITS, read_duration, read_whole
from .watch import CadenceWatcher

FIRST_LOOK_S, LONGEST_LOOK_S = 0.02, 0.5
COMMAND_PATIENCE_S = 2.0
REDIS_PATIENCE_S = 30.0
"""How long Redis may be away while somebody waits for the end of a window."""

Show = Callable[[str], None]
Shown = Mapping[str, Any]
"""A window as the API shows it."""


def read_batch(text: str) -> int:
    """How many claims a window allows, 0: any number.

    Raises:
      ValueError: says what was expected.
    """
    return read_whole(text, 0, MOST_CREDITS)


def read_lasts(text: str) -> int:
    """How long a window lasts, in microseconds.

    Raises:
      ValueError: says what was expected.
    """
    return read_duration(text, SHORTEST_WINDOW_US, LONGEST_US)


def open_by(file: CadenceWatcher, queue: str, broker: LifoBroker, *, batch: int | None, lasts_us: int | None) -> Window:
    """Open a window of a queue now, by the cadence of a file; what isn't given is as the cadence has it.

    Raises:
      CadenceError: the file can't be read, or the queue isn't one with windows.
      RedisAwayError: the window may have been opened all the same.
    """
    cadence = file.read().queues.get(queue)
    if cadence is None:
        names = ", ".join(sorted(broker.get_declared_queues()))
        raise CadenceError(f"--queue must be a declared queue ({names}), but is {queue!r}.")
    if cadence.timetable is None:
        raise CadenceError(f"Queue {queue!r} is continuous: its jobs need no window.")
    broker.fail_fast(patience_s=COMMAND_PATIENCE_S)
    safety = SafetyWatch(broker.settings.durability, broker.settings.wait_replicas, is_quiet=True)
    safety.look_first(broker.redis.new_link())
    clock = RedisClock(broker.redis.new_link())
    clock.ask()
    return open_window(cadence, broker.windows, clock, batch=batch, lasts_us=lasts_us)


def open_window(
    cadence: QueueCadence, windows: Windows, clock: Clock, *, batch: int | None, lasts_us: int | None
) -> Window:
    """As :func:`open_by`, for a queue whose cadence has been read: its policy is put in force first.

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


def wait_until_done(window: Shown, look: Callable[[str], Shown | None], now_us: Callable[[], int], show: Show) -> Shown:
    """The window when it is closed and none of its jobs runs; ``show`` gets its progress now and then.

    Parameters:
      look: gives the window with an id as it is now; None when it isn't kept any more.
      now_us: gives µs since the epoch, as the server has it.

    Raises:
      RedisAwayError: Redis was away for longer than 30 s.
    """
    backoff, answered_at = Backoff(FIRST_LOOK_S, LONGEST_LOOK_S), time.monotonic()
    while window["status"] == "open" or window["running"]:
        time.sleep(backoff.next_s())
        try:
            found = look(window["id"])
        except RedisAwayError:
            if time.monotonic() - answered_at > REDIS_PATIENCE_S:
                raise
            show("waiting for Redis")
            continue
        answered_at = time.monotonic()
        window = _pruned(window, now_us()) if found is None else found
        show(progress(window, now_us()))
    return window


def looking_at(windows: Windows) -> Callable[[str], Shown | None]:
    """How :func:`wait_until_done` looks where Redis itself can be asked."""

    def look(window_id: str) -> Shown | None:
        found = windows.get(window_id)
        return None if found is None else found.as_dict()

    return look


def show_on_terminal(text: str) -> None:
    """One line on stderr that is written over again, for people only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def progress(window: Shown, now_us: int) -> str:
    """A window's progress, for a person who waits."""
    claimed = f"{window['claimed']} of {window['credits']}" if window["credits"] else str(window["claimed"])
    closes_at = window["closes_at"]
    left_us = 0 if closes_at is None else max(0, to_us(datetime.fromisoformat(closes_at)) - now_us)
    is_open = window["status"] == "open"
    state = f"open for {format_duration(left_us // 1_000_000 * 1_000_000)} more" if is_open else "closed"
    return f"window {window['id']} {state}: {claimed} claimed, {window['running']} running"


def summary(window: Shown) -> str:
    """What a window did, in one line."""
    if window["status"] == "open":
        return f"Window {window['id']} is open."
    claimed = f"{window['claimed']} of {window['credits']}" if window["credits"] else str(window["claimed"])
    outcomes = ", ".join(
        f"{window[name]} {name.replace('_', ' ')}"
        for name in ("running", "processed", "retried", "rejected", "cancelled", "put_back")
        if window[name]
    )
    left = "" if window["left_waiting"] is None else f"; {window['left_waiting']} left waiting"
    closed = f" Closed by: {window['close_reason']}." if window["close_reason"] else ""
    return f"Window {window['id']}: {claimed} claimed{f' ({outcomes})' if outcomes else ''}{left}.{closed}"


def _pruned(window: Shown, now_us: int) -> Shown:
    """A window that Redis has forgotten is over."""
    return {**window, "status": "closed", "closed_at": window["closed_at"] or rfc3339(now_us), "running": 0}
