"""Idle worker threads, shared fairly between the queues of a worker process."""

from __future__ import annotations

import threading
import time

from .delivery import Delivery

HANDOVER_AFTER_S = 0.002
"""How long a queue may wait for a thread before another queue's next free one is handed to it: the price of fairness
is a claim of its own, so it isn't paid for every job."""


class IdleThreads:
    """Counts idle threads. One is taken before a claim, and given back when its job is settled. Those that hang in
    a task that doesn't end are lost, and not idle either."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._idle = total
        self._changed = threading.Condition()
        self._hung: dict[int, str] = {}
        self._waiting: dict[str, float] = {}
        self._served: dict[str, float] = {}

    @property
    def idle(self) -> int:
        """How many threads have nothing to do."""
        return self._idle

    def take(self, queue: str, timeout_s: float) -> int:
        """Wait for idle threads, and take this queue's share of them: 0 when none came in time.

        The queue that was served least recently goes first; idle threads are split between the queues that wait.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._waiting.setdefault(queue, time.monotonic())
            try:
                while self._idle == 0 or self._next() != queue:
                    if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                        return 0
                    self._waiting.setdefault(queue, time.monotonic())  # another consumer of this queue may have left
                taken = -(-self._idle // len(self._waiting))
                self._idle -= taken
                self._served[queue] = time.monotonic()
                return taken
            finally:
                self._waiting.pop(queue, None)
                self._changed.notify_all()

    def give(self, count: int) -> None:
        """Give back threads that are idle now."""
        if count:
            with self._changed:
                self._idle += count
                self._changed.notify_all()

    @property
    def hung_jobs(self) -> list[str]:
        """The ids of the jobs whose threads are lost, one for each thread."""
        return list(self._hung.values())

    def lose(self, delivery: Delivery) -> None:
        """The thread of this delivery hangs: it counts as lost until it comes back."""
        self._hung[id(delivery)] = delivery.message_id

    def find(self, delivery: Delivery) -> None:
        """A lost thread came back."""
        self._hung.pop(id(delivery), None)

    def handovers(self, queue: str, most: int) -> int:
        """How many of ``most`` threads, which just finished jobs of ``queue``, must be left to other queues."""
        if not self._waiting:
            return 0
        with self._changed:
            now = time.monotonic()
            self._served[queue] = now
            late = [
                other for other, since in self._waiting.items() if other != queue and now - since > HANDOVER_AFTER_S
            ]
            return min(most, len(late))

    def _next(self) -> str:
        return min(self._waiting, key=lambda queue: self._served.get(queue, 0.0))
