"""The part of the model that says what has room where a bound holds on what waits."""

from __future__ import annotations

from .entries import EXPIRED, QUEUED, SCHEDULED
from .model_groups import ModelGroups


class ModelRoom(ModelGroups):
    """A queue with such a bound, in jobs and in bytes."""

    def _has_room(self, after: ModelRoom, new: set[str], most: int, most_bytes: int, drops_oldest: bool) -> bool:
        """May what waits ``after`` it wait, or can the oldest make room for it? What doesn't grow may."""
        waiting = after.of_status(QUEUED) + after.of_status(SCHEDULED)
        older = [job for job in after.of_status(QUEUED) if job.id not in new]
        if drops_oldest:
            beyond, beyond_bytes = len(waiting) - most - len(older), after.waiting_bytes() - most_bytes
            beyond_bytes -= sum(len(job.message) for job in older)
            if new.isdisjoint(job.id for job in waiting):
                return True
        else:
            before = len(self.of_status(QUEUED)) + len(self.of_status(SCHEDULED))
            beyond = len(waiting) - max(most, before)
            beyond_bytes = after.waiting_bytes() - max(most_bytes, self.waiting_bytes())
        return not (most and beyond > 0) and not (most_bytes and beyond_bytes > 0)

    def _drop(self, most: int, most_bytes: int) -> None:
        """The oldest make room."""
        dropped = 0
        for job in self.stack():
            waiting = len(self.stack()) + len(self.of_status(SCHEDULED))
            if not (most and waiting > most) and not (most_bytes and self.waiting_bytes() > most_bytes):
                break
            self._finish(job, EXPIRED, "overflow")
            dropped += 1
        self.counters["expired"] += dropped
        if dropped:
            self._close_when_done()
