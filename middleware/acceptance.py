"""What messages must fulfil before they are sent to be accepted, and when their jobs fall due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.common import q_name

from .errors import DuplicateJobError
from .store import LONGEST_ID

LARGEST_BATCH = 1000
LONGEST_DELAY_MS = 100 * 365 * 86_400_000
LATEST_DUE_US = 253_402_300_799_999_968
"""The last moment of the year 9999 that a score in Redis holds; RFC 3339 can write no later year."""


def one_queue(messages: Sequence[dramatiq.Message[Any]]) -> str:
    """The queue of messages that can be accepted in one call.

    Raises:
      ValueError: they are of several queues, too many or none, or an id is too long.
      DuplicateJobError: two of them have the same id.
    """
    names = {q_name(m.queue_name) for m in messages}
    if len(names) != 1 or len(messages) > LARGEST_BATCH:
        raise ValueError(f"expected 1 to {LARGEST_BATCH} messages of one queue, got {len(messages)} of {sorted(names)}")
    for m in messages:
        if not 0 < len(m.message_id) <= LONGEST_ID:
            raise ValueError(f"an id has 1 to {LONGEST_ID} characters, got {len(m.message_id)}")
    twice = [id for id, times in Counter(m.message_id for m in messages).items() if times > 1]
    if twice:
        raise DuplicateJobError(f"Several messages have id {twice[0]}; nothing was enqueued. Give each its own.")
    return names.pop()


def due_of(messages: Sequence[dramatiq.Message[Any]], delay_ms: float | None, due_at_us: int | None) -> tuple[str, int]:
    """When jobs fall due, as ``accept.lua`` takes it: now, after so many µs, or at so many µs since the epoch.

    Raises:
      ValueError: the delay or the time is too long.
    """
    # A program that speaks to the stock broker may have put the due time into the message (ms since the epoch). It
    # must not stay there: a worker would hold the job in its memory until then.
    etas = [message.options.pop("eta", None) for message in messages]
    if due_at_us is None and delay_ms is None and isinstance(etas[0], (int, float)):
        due_at_us = int(etas[0]) * 1000
    if due_at_us is not None:
        if due_at_us > LATEST_DUE_US:
            raise ValueError(f"a job can fall due until the end of the year 9999, got {due_at_us} µs since the epoch")
        return "at", due_at_us
    return ("now", 0) if delay_ms is None else ("after", checked_delay_ms(delay_ms) * 1000)


def checked_delay_ms(delay_ms: float) -> int:
    """A delay in whole milliseconds.

    Raises:
      ValueError: it is longer than a century.
    """
    if not delay_ms <= LONGEST_DELAY_MS:
        raise ValueError(f"a job can be delayed by {LONGEST_DELAY_MS} ms (100 years) at most, got {delay_ms}")
    return int(delay_ms)
