"""LastIn whose stamp jobs have a deadline: they are worth nothing if they don't start within a second."""

from __future__ import annotations

from .with_lastin import LastIn

DEADLINE_MS = 1000


class WithDeadline(LastIn):
    name = "lastin-deadline"
    title = "LastIn, newest first, with deadlines"
    setting = "continuous, newest first, each job with expires_in 1 s"

    def send_stamp(self, due_ns: int, work_ms: float, delay_ms: int = 0) -> None:
        self._tasks.stamp.send_with_options(args=(due_ns, work_ms), delay=delay_ms or None, expires_in=DEADLINE_MS)


PEER = WithDeadline()
