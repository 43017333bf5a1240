"""What time it is, as the scheduler's parts are told it, so that tests can own it."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta
from typing import Protocol

from middleware.clock import EPOCH
from middleware.errors import RedisAwayError
from middleware.redis_link.link import Link

ASK_EVERY_S = 2.0
WORTH_A_WARNING_US = 1_000_000

logger = logging.getLogger(__name__)


class Clock(Protocol):
    """Tells the time in microseconds since the epoch."""

    def now_us(self) -> int: ...


class SystemClock:
    """This machine's own clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


class RedisClock:
    """The Redis server's clock, which is the one that windows go by: asked every 2 s, and carried on in between.

    So a machine whose clock is wrong or jumps opens its windows in time all the same. Until Redis has answered once it
    is the machine's own clock.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ahead_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler-clock", daemon=True)

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000 + self._ahead_us

    def start(self) -> None:
        self._ask()
        self._warn_if_wrong()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(ASK_EVERY_S):
            self._ask()

    def _ask(self) -> None:
        """Redis away isn't worth a word here: whoever wants to open a window will say so."""
        before_us = time.monotonic_ns() // 1000
        try:
            seconds, microseconds = self._link.call("TIME")
        except RedisAwayError:
            return
        after_us = time.monotonic_ns() // 1000
        self._ahead_us = int(seconds) * 1_000_000 + int(microseconds) - (before_us + after_us) // 2

    def _warn_if_wrong(self) -> None:
        wrong_us = time.time_ns() // 1000 - self.now_us()
        if abs(wrong_us) >= WORTH_A_WARNING_US:
            logger.warning("This machine's clock is %+.1f s off the Redis server's, which counts.", wrong_us / 1e6)


def from_us(time_us: int) -> datetime:
    """An aware datetime in UTC, exactly; the inverse of :func:`middleware.clock.to_us`."""
    return EPOCH + timedelta(microseconds=time_us)
