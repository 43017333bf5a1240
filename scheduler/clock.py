"""The clocks of the scheduler: its parts are given one, so that a test can give them its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from middleware.clock import EPOCH
from middleware.errors import RedisAwayError
from middleware.redis_link.link import Link

ASK_EVERY_S = 2.0
WORTH_A_WARNING_US = 1_000_000
JUMP_US = 1_000_000
"""A clock that differs by more from what it should show was set."""
MOST_SKIPPED = 10
ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps. On Linux only CLOCK_BOOTTIME does, elsewhere CLOCK_MONOTONIC."""

logger = logging.getLogger(__name__)

Gap = tuple[int, int]
"""From and to, in microseconds since the epoch."""


class Clock(Protocol):
    """Gives the time in microseconds since the epoch."""

    def now_us(self) -> int: ...

    def skipped(self) -> Sequence[Gap]:
        """What the clock left out when it was set forward: times that never were. The oldest first."""


class SystemClock:
    """This machine's own clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def skipped(self) -> Sequence[Gap]:
        return ()


class RedisClock:
    """The Redis server's clock, which is the one that windows go by: asked every 2 s, and carried on in between.

    So a machine whose clock is wrong or jumps opens its windows in time all the same. Until Redis has answered once it
    is the machine's own clock. Whether a server's clock was set, or the server didn't answer for a while, shows by the
    time that has really passed here.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ahead_us = time.time_ns() // 1000 - elapsed_us()
        self._has_answered = False
        self._skipped: tuple[Gap, ...] = ()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler-clock", daemon=True)

    def now_us(self) -> int:
        return elapsed_us() + self._ahead_us

    def skipped(self) -> Sequence[Gap]:
        return self._skipped

    def start(self) -> None:
        self.ask()
        self._warn_if_wrong()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def ask(self) -> None:
        """Ask the server. When it doesn't answer nothing is logged: whoever wants to open a window will do so."""
        before_us = elapsed_us()
        try:
            seconds, microseconds = self._link.call("TIME")
        except RedisAwayError:
            return
        asked_us = (before_us + elapsed_us()) // 2
        ahead_us = int(seconds) * 1_000_000 + int(microseconds) - asked_us
        if self._has_answered and abs(ahead_us - self._ahead_us) > JUMP_US:
            self._note_jump(asked_us + self._ahead_us, asked_us + ahead_us)
        self._ahead_us, self._has_answered = ahead_us, True

    def _run(self) -> None:
        while not self._stopping.wait(ASK_EVERY_S):
            self.ask()

    def _note_jump(self, before_us: int, after_us: int) -> None:
        direction = "forward" if after_us > before_us else "back"
        logger.warning(
            "The Redis server's clock was set %s by %.1f s.", direction, abs(after_us - before_us) / 1_000_000
        )
        if after_us > before_us:
            self._skipped = (*self._skipped, (before_us, after_us))[-MOST_SKIPPED:]
        else:  # what is ahead is still to come
            self._skipped = tuple((low, min(high, after_us)) for low, high in self._skipped if low < after_us)

    def _warn_if_wrong(self) -> None:
        wrong_us = time.time_ns() // 1000 - self.now_us()
        if abs(wrong_us) >= WORTH_A_WARNING_US:
            logger.warning("This machine's clock is %+.1f s off the Redis server's, which counts.", wrong_us / 1e6)


def elapsed_us() -> int:
    """Microseconds since some moment in the past, by a clock that nobody sets."""
    return time.clock_gettime_ns(ELAPSED) // 1000


def from_us(time_us: int) -> datetime:
    """An aware datetime in UTC, exactly; the inverse of :func:`middleware.clock.to_us`."""
    return EPOCH + timedelta(microseconds=time_us)
