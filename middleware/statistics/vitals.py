"""A queue's vitals: what an operator wants to know of it at one moment, in one bounded read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..commands.layout import unpack_window
from ..commands.reach import RedisAccess
from ..jobs import JobStatus
from .counters import TaskStatistics, counters_from

STATUS_ORDER = (
    JobStatus.QUEUED,
    JobStatus.SCHEDULED,
    JobStatus.RUNNING,
    JobStatus.PROCESSED,
    JobStatus.REJECTED,
    JobStatus.CANCELLED,
    JobStatus.EXPIRED,
    JobStatus.SUPERSEDED,
)
"""The order in which ``census.lua`` and ``vitals.lua`` count."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """One queue at one moment of the Redis server's clock; times in µs since the epoch.

    ``waiting_since_us``: since when, at the latest, some job has waited; None when none does. ``mode`` is None as long
    as no policy is in force. ``last_claim_us``: when a job was last claimed in the open window, or where there are no
    windows; else when the window opened; None when there is nothing to tell.
    """

    queue: str
    now_us: int
    oldest_place: int | None
    waiting_since_us: int | None
    jobs: dict[JobStatus, int]
    mode: str | None
    last_opened_us: int | None
    open_window: str | None
    is_paused: bool
    last_claim_us: int | None
    counters: dict[str, int]
    tallies: dict[str, TaskStatistics]

    @property
    def oldest_age_s(self) -> float:
        """Seconds since the lowest place on the stack; 0 when no job waits."""
        return 0.0 if self.oldest_place is None else max(0, self.now_us - self.oldest_place) / 1e6

    @property
    def is_open(self) -> bool:
        """Whether jobs may be claimed: a window is open, or the queue is continuous, and nobody has paused it."""
        return not self.is_paused and (self.open_window is not None or self.mode == "continuous")

    @property
    def unclaimed_s(self) -> float:
        """For how many seconds jobs have waited that may be claimed, and none was; 0 when there are none."""
        if not self.is_open or self.waiting_since_us is None:
            return 0.0
        return max(0, self.now_us - max(self.waiting_since_us, self.last_claim_us or 0)) / 1e6

    @property
    def conservation_error(self) -> int:
        """Jobs there are and pruned ones, less accepted ones (docs/promise.md); 0 when all is well."""
        return sum(self.jobs.values()) + self.counters.get("pruned", 0) - self.counters.get("accepted", 0)


class VitalSigns:
    """Reads the vitals of all queues, and of Redis itself. Nothing is tried twice."""

    def __init__(self, redis: RedisAccess) -> None:
        self._redis = redis
        self.link = redis.link

    def read(self) -> list[Vitals]:
        """The vitals of every queue, by name.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return [_vitals(queue, self._redis.scripts(queue).vitals()) for queue in sorted(self._redis.queues())]

    def info(self) -> bytes:
        """What Redis tells of itself (INFO).

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        told: bytes = self.link().call("INFO")
        return told


def _vitals(queue: str, answer: list[Any]) -> Vitals:
    now_us, oldest, since, *rest = answer
    counts = dict(zip(STATUS_ORDER, rest, strict=False))
    mode, last_opened, last_claim, pause, number, packed, counters, tallies = rest[len(STATUS_ORDER) :]
    window = unpack_window(packed) if packed else None
    claimed: int | None = int(last_claim) if last_claim and mode == b"continuous" else None
    if window is not None:
        claimed = window.last_claim or window.opened_at
    return Vitals(
        queue=queue,
        now_us=now_us,
        oldest_place=None if oldest < 0 else oldest,
        waiting_since_us=None if since < 0 else since,
        jobs=counts,
        mode=mode.decode() or None,
        last_opened_us=int(last_opened) if last_opened else None,
        open_window=None if window is None else f"{queue}.{int(number)}",
        is_paused=bool(pause),
        last_claim_us=claimed,
        counters={counters[i].decode(): int(counters[i + 1]) for i in range(0, len(counters), 2)},
        tallies=counters_from(tallies),
    )
