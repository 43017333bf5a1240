"""What a Worker on the stub broker iterates over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from dramatiq.broker import Consumer, MessageProxy

from ..commands.types import Settlement
from ..worker.delivery import Delivery, delivery_of, put_back

LOOK_S = 0.005


class StubConsumer(Consumer):
    """Claims one job for each idle thread, and reads nothing ahead."""

    def __init__(
        self,
        claim: Callable[[], Delivery | None],
        settle: Callable[[Delivery, Settlement], None],
        *,
        idle: threading.Semaphore,
        timeout_s: float,
    ) -> None:
        self._claim = claim
        self._settle = settle
        self._idle = idle
        self._timeout_s = timeout_s

    def __next__(self) -> MessageProxy | None:
        if not self._idle.acquire(timeout=self._timeout_s):
            return None
        deadline = time.monotonic() + self._timeout_s
        while (delivery := self._claim()) is None and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        if delivery is None:
            self._idle.release()
        return delivery

    def ack(self, message: MessageProxy) -> None:
        """The job is done, or to be retried."""
        self._end(message)

    def nack(self, message: MessageProxy) -> None:
        """The job is rejected."""
        self._end(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Jobs that weren't begun go back to their places."""
        for message in messages:
            self._end(message, put_back)

    def _end(self, message: MessageProxy, how: Callable[[Delivery], Settlement] = Delivery.settlement) -> None:
        delivery = delivery_of(message)
        self._settle(delivery, how(delivery))
        self._idle.release()
