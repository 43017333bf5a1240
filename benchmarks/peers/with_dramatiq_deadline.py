"""Dramatiq's RedisBroker, tuned, whose stamp jobs have a deadline: its AgeLimit, which is a part of Dramatiq's default
middleware, drops messages that are older when a worker comes to them."""

from __future__ import annotations

from .with_dramatiq import Tuned

DEADLINE_MS = 1000


class WithDeadline(Tuned):
    name = "dramatiq-deadline"
    title = "Dramatiq, RedisBroker, tuned, with AgeLimit"
    setting = "dramatiq_queue_prefetch=1000 max_age=1000"

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.send_with_options(args=(due_ns, work_ms), delay=delay_ms or None, max_age=DEADLINE_MS)


PEER = WithDeadline()
