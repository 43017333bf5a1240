"""When jobs were generated, by the clock of whoever made what they are about; ``accept.lua`` may order by it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dramatiq

from ..clock import is_time_us, to_us

GENERATED_AT = "generated_at"
"""Option of messages: a datetime with its offset, or µs since the epoch."""
OPTIONS = frozenset({GENERATED_AT})


def generated_us(message: dramatiq.Message[Any]) -> int | None:
    """When the message says that its job was generated, in µs since the epoch, which is noted in its options; None: it
    says nothing.

    Raises:
      ValueError: that is no time.
    """
    value = message.options.get(GENERATED_AT)
    if value is None:
        message.options.pop(GENERATED_AT, None)
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = to_us(value)
    if not is_time_us(value):
        raise ValueError(
            f"{GENERATED_AT} is a datetime with its offset, or a whole number of µs since the epoch, from 1970 until "
            f"the year 9999, got {value!r}"
        )
    message.options[GENERATED_AT] = value
    return value


def generation_options(generated_at_us: int | None) -> dict[str, int]:
    """The options that say so; None: nothing is said. What was before the epoch counts as its beginning."""
    return {} if generated_at_us is None else {GENERATED_AT: max(0, generated_at_us)}


def generated_place(generated_at_us: int, seq: int) -> int:
    """Where the policy orders by generation, the place of a job, unless another one waits there: no later than its
    seq, since clocks differ (``place_by_generation.lua``)."""
    return max(1, min(generated_at_us, seq))
