"""Opening a window and waiting for its end, with the scheduler's code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..endings import Missing
from ..sources import Shown, Source
from . import queues, windows

if TYPE_CHECKING:
    from middleware.broker import LifoBroker


def open_window(source: Source, queue: str, *, batch: int | None, lasts_us: int | None) -> Shown:
    """A window, opened now. Of Redis it is asked as the scheduler does: its policy is put in force first.

    Raises:
      Missing: there is no such queue.
    """

    def here(broker: LifoBroker) -> Shown:
        from scheduler.opening import open_by  # noqa: PLC0415 (not before the broker is there)
        from scheduler.watch import our_watcher  # noqa: PLC0415

        return open_by(our_watcher(), queue, broker, batch=batch, lasts_us=lasts_us).as_dict()

    given = {"batch": batch, "lasts_s": None if lasts_us is None else lasts_us / 1_000_000}
    body = {"queue": queue, **{name: value for name, value in given.items() if value is not None}}
    try:
        return source.post("/v1/windows", body, here)
    except Missing:
        raise queues.missing(source, queue) from None


def wait_until_done(source: Source, window: Shown, show: Callable[[str], None]) -> Shown:
    """The window when it is closed and none of its jobs runs; ``show`` gets its progress now and then."""
    from scheduler import opening  # noqa: PLC0415 (not for --help)
    from scheduler.clock import SystemClock  # noqa: PLC0415

    def look(id: str) -> Shown | None:
        try:
            return windows.one(source, id)
        except Missing:
            return None

    with source.maintained():
        return dict(opening.wait_until_done(window, look, SystemClock().now_us, show))


def summary(window: Shown) -> str:
    """What a window did, in one line."""
    from scheduler import opening  # noqa: PLC0415 (not for --help)

    return opening.summary(window)
