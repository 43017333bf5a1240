"""What a running task can ask and report: its job, its progress, whether it should stop."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any

import dramatiq
import orjson

from .delivery import Delivery

LONGEST_NOTE = 500
QUIET_S = 0.05
"""Progress that follows the last one sooner isn't kept, unless it is the end: a tight loop stays fast."""

_current: ContextVar[Delivery | None] = ContextVar("delivery", default=None)
"""What the running code works for. Not a thread's own variable: tasks that are coroutines run in a thread of theirs."""


class CurrentDelivery(dramatiq.Middleware):
    """Dramatiq middleware that remembers what each thread runs, as Dramatiq's own ``CurrentMessage`` does. It comes
    first, so that its ``after_`` hooks come last."""

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """Remember it, and since when it runs."""
        if isinstance(message, Delivery):
            message.running_since = time.monotonic()
            enter(message)
        else:
            enter(None)

    def after_process_message(
        self, broker: dramatiq.Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Forget it again."""
        enter(None)

    def after_skip_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """Forget it again."""
        enter(None)


def enter(delivery: Delivery | None) -> None:
    """This thread runs that delivery from now on; None: it runs none."""
    _current.set(delivery)


def current_delivery() -> Delivery | None:
    """What the running code works for, or None outside a task."""
    return _current.get()


def running_delivery(message: Any) -> Delivery | None:
    """The delivery of a message that the calling thread runs; None: it runs none, or another one."""
    delivery = message if isinstance(message, Delivery) else current_delivery()
    return delivery if delivery is not None and delivery.message_id == message.message_id else None


def current_job_id() -> str | None:
    """The id of the job that the running code works for, the same in every attempt; None outside a task."""
    delivery = _current.get()
    return None if delivery is None else delivery.token[0]


def progress(share: float, note: str | None = None) -> None:
    """Report how far the running task is; the API shows it on the job. Outside a task it does nothing.

    Parameters:
      share: from 0.0 to 1.0.
      note: at most 500 characters for people.

    Raises:
      ValueError: the share or the note doesn't fit.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"progress takes a share from 0.0 to 1.0, got {share!r}")
    if note is not None and len(note) > LONGEST_NOTE:
        raise ValueError(f"a note is text of at most {LONGEST_NOTE} characters, got {note!r}")
    delivery = _current.get()
    now = time.monotonic()
    if delivery is None or (share < 1 and now - delivery.progress_sent_at < QUIET_S):
        return
    delivery.progress_sent_at = now
    words = orjson.dumps({"share": float(share), "note": note})
    if delivery.keep_progress(words) == "cancel":
        delivery.cancel_requested = True


def cancel_requested() -> bool:
    """Whether somebody asked the running task to stop. A long task looks now and then, tidies up and returns, or raises
    :class:`Cancelled`."""
    delivery = _current.get()
    return delivery is not None and delivery.cancel_requested
