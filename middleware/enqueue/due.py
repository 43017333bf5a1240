"""When jobs fall due: what callers say, and how ``accept.lua`` takes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import dramatiq

from ..clock import LATEST_TIME_US

LONGEST_DELAY_MS = 100 * 365 * 86_400_000


class Due(NamedTuple):
    """When a job may run: after a delay in milliseconds, or from a time on in µs since the epoch; neither: at once."""

    delay_ms: float | None = None
    at_us: int | None = None


AT_ONCE = Due()


def due_argument(message: dramatiq.Message[Any], due: Due) -> bytes:
    """When this message's job falls due, for ``accept.lua``: nothing, ``+`` and µs, or µs since the epoch.

    Raises:
      ValueError: the delay or the time is too long.
    """
    # A program that speaks to the stock broker may have put the due time into the message (ms since the epoch). It
    # must not stay there: a worker would hold the job in its memory until then.
    eta = message.options.pop("eta", None)
    if due == AT_ONCE and isinstance(eta, (int, float)):
        due = Due(at_us=int(eta) * 1000)
    if due.at_us is not None:
        if due.at_us > LATEST_TIME_US:
            raise ValueError(f"a job can fall due until the end of the year 9999, got {due.at_us} µs since the epoch")
        return b"%d" % due.at_us
    return b"" if due.delay_ms is None else b"+%d" % (checked_delay_ms(due.delay_ms) * 1000)


def check_span_ms(name: str, value: Any) -> None:
    """Check what a program has given as a span of time. ``name``: of the option.

    Raises:
      ValueError: it is none, or longer than a century.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 1 <= value <= LONGEST_DELAY_MS:
        raise ValueError(f"{name} is 1 to {LONGEST_DELAY_MS} milliseconds (100 years), got {value!r}")


def checked_delay_ms(delay_ms: float) -> int:
    """A delay in whole milliseconds.

    Raises:
      ValueError: it is longer than a century.
    """
    if not delay_ms <= LONGEST_DELAY_MS:
        raise ValueError(f"a job can be delayed by {LONGEST_DELAY_MS} ms (100 years) at most, got {delay_ms}")
    return int(delay_ms)
