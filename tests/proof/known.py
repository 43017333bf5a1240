"""What the checker of histories knows of jobs, from the log alone."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from middleware.jobs import JobStatus

OUTCOMES = {
    "processed": {JobStatus.PROCESSED},
    "rejected": {JobStatus.REJECTED},
    "cancelled": {JobStatus.CANCELLED, JobStatus.SUPERSEDED},
    "retry": {JobStatus.SCHEDULED, JobStatus.QUEUED, JobStatus.CANCELLED, JobStatus.SUPERSEDED},
    "put_back": {JobStatus.QUEUED, JobStatus.CANCELLED, JobStatus.SUPERSEDED},
}
"""Where a job may be after a settlement with this outcome."""
BACK_BY = {"retry": "retried", "put_back": "put back"}


@dataclass(slots=True)
class KnownJob:
    """One job. ``place``: None until a delayed job falls due; ``back_by``: what brought it back from its last run;
    ``expires_us``: its deadline, 0: none."""

    status: JobStatus
    seq: int
    place: int | None
    due_us: int
    expires_us: int = 0
    subject: str = ""
    group: str = ""
    attempts: int = 0
    claimed_at_us: int = 0
    worker: str = ""
    back_by: str | None = None
    is_cancel_asked: bool = False

    def is_late(self, now_us: int) -> bool:
        """Whether its deadline has passed."""
        return 0 < self.expires_us <= now_us

    def runs_as(self, number: int) -> bool:
        """Whether the delivery of this number is the one that runs."""
        return self.status is JobStatus.RUNNING and self.seq + self.attempts + self.claimed_at_us == number


class Waiting:
    """Waiting jobs by place: heaps, in which what is gone stays until it comes to the top."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._highest: list[tuple[int, str]] = []
        self._lowest: list[tuple[int, str]] | None = None  # made when somebody asks for the lowest

    def __len__(self) -> int:
        return len(self._places)

    def add(self, id: str, place: int) -> None:
        """One more waits."""
        self._places[id] = place
        heapq.heappush(self._highest, (-place, id))
        if self._lowest is not None:
            heapq.heappush(self._lowest, (place, id))
        if len(self._highest) > 2 * len(self._places) + 1000:
            self._highest = [(-place, id) for id, place in self._places.items()]
            heapq.heapify(self._highest)
        if self._lowest is not None and len(self._lowest) > 2 * len(self._places) + 1000:
            self._lowest = None

    def discard(self, id: str) -> None:
        """It waits no more, if it did."""
        self._places.pop(id, None)

    def highest(self) -> int | None:
        """The highest place of all."""
        while self._highest and self._places.get(self._highest[0][1]) != -self._highest[0][0]:
            heapq.heappop(self._highest)
        return -self._highest[0][0] if self._highest else None

    def lowest(self) -> int | None:
        """The lowest place of all."""
        if self._lowest is None:
            self._lowest = [(place, id) for id, place in self._places.items()]
            heapq.heapify(self._lowest)
        while self._lowest and self._places.get(self._lowest[0][1]) != self._lowest[0][0]:
            heapq.heappop(self._lowest)
        return self._lowest[0][0] if self._lowest else None
