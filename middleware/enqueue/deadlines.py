"""The deadlines of jobs: what callers and tasks say, and how ``accept.lua`` takes it."""

from __future__ import annotations

import math
from typing import Any

import dramatiq

from ..clock import is_time_us
from .due import check_span_ms

EXPIRES_IN, EXPIRES_AT_US = "expires_in", "expires_at_us"
"""Options of messages: milliseconds from the acceptance on, as tasks may have it too; or µs since the epoch."""
OPTIONS = frozenset({EXPIRES_IN, EXPIRES_AT_US})


class Deadlines:
    """The deadlines that messages get: their own, or their task's."""

    def __init__(self) -> None:
        self._of_tasks: dict[str, bytes] = {}

    def declare(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Know a task.

        Raises:
          ValueError: its ``expires_in`` is no time.
        """
        expires_in = actor.options.get(EXPIRES_IN)
        if expires_in is not None:
            self._of_tasks[actor.actor_name] = _after(expires_in)

    def argument(self, message: dramatiq.Message[Any]) -> bytes:
        """The deadline of a message, for ``accept.lua``: nothing, ``+`` and µs, or µs since the epoch.

        Raises:
          ValueError: that is no deadline, or there are two.
        """
        options = message.options
        if OPTIONS.isdisjoint(options):
            return self._of_tasks.get(message.actor_name, b"")
        expires_in, at_us = options.get(EXPIRES_IN), options.get(EXPIRES_AT_US)
        if at_us is None:
            # None says something too: no deadline, whatever the task says.
            return b"" if expires_in is None else _after(expires_in)
        if expires_in is not None:
            raise ValueError(f"a job has one deadline: give {EXPIRES_IN} or {EXPIRES_AT_US}, not both")
        if not is_time_us(at_us):
            expected = f"{EXPIRES_AT_US} is a whole number of µs since the epoch, until the year 9999"
            raise ValueError(f"{expected}, got {at_us!r}")
        return b"%d" % at_us


def _after(value: Any) -> bytes:
    check_span_ms(EXPIRES_IN, value)
    return b"+%d" % (int(value) * 1000)


def deadline_options(expires_in_s: float | None, expires_at_us: int | None) -> dict[str, int]:
    """The options that say so; None: nothing is said. What was before the epoch is past all the same."""
    options = {} if expires_in_s is None else {EXPIRES_IN: math.ceil(expires_in_s * 1000)}
    return options if expires_at_us is None else {**options, EXPIRES_AT_US: max(0, expires_at_us)}


def deadline_us(argument: bytes, now_us: int) -> int | None:
    """What ``accept.lua`` made of its argument at this time; None: no deadline."""
    if not argument:
        return None
    return now_us + int(argument[1:]) if argument.startswith(b"+") else int(argument)
