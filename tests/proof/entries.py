"""What the model keeps: jobs, windows, a policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

Token = tuple[str, int]

SCHEDULED, QUEUED, RUNNING, PROCESSED, REJECTED, CANCELLED, EXPIRED, SUPERSEDED = "sqrpxceu"
FINAL = (PROCESSED, REJECTED, CANCELLED, EXPIRED, SUPERSEDED)
OVERHEAD_BYTES = 400
TAG_BYTES = 150


def tags_for(id: str) -> tuple[str, ...]:
    """Which tags the job with this id has, each time that it is made."""
    return ((), ("red",), (), ("red", "blue"))[sum(id.encode()) % 4]


def group_for(id: str) -> str | None:
    """Which group the job with this id has, each time that it is made."""
    return ("loud", None, "loud", "calm", "loud", "quiet")[sum(id.encode()) % 6]


@dataclass
class ModelJob:
    """One job. ``place`` is None as long as it isn't known: a delayed job gets it when it falls due."""

    id: str
    seq: int
    place: int | None
    message: bytes
    status: str = QUEUED
    attempts: int = 0
    lost: int = 0
    settled: int | None = None
    due: int | None = None
    expires: int | None = None
    subject: str | None = None
    superseded_by: str | None = None
    since: int | None = None
    behind: bool | None = None
    generated: int | None = None
    generated_at: int | None = None
    started: int | None = None
    finished: int | None = None
    window: int | None = None
    worker: str | None = None
    reason: str | None = None
    cancel: str | None = None
    lease_end: int = 0
    result: bytes = b""
    failure: bytes = b""

    @property
    def tags(self) -> tuple[str, ...]:
        """Every other job has some."""
        return tags_for(self.id)

    @property
    def age(self) -> int:
        """What tells which of two jobs of a subject is newer."""
        return self.seq if self.generated is None else self.generated

    @property
    def group(self) -> str | None:
        """Most jobs have one."""
        return group_for(self.id)

    @property
    def token(self) -> Token:
        """The name of its latest delivery: no other has the same, not even of another job with this id."""
        return self.id, self.seq + self.attempts + (self.started or 0)

    @property
    def kept_bytes(self) -> int:
        """What retention by bytes counts."""
        indexed = len(self.tags) + (self.subject is not None)
        return OVERHEAD_BYTES + len(self.message) + len(self.result) + len(self.failure) + TAG_BYTES * indexed


@dataclass
class ModelWindow:
    """One window; ``outcomes`` counts the jobs that it let through, by what became of them."""

    number: int
    opened_by: str
    opened_at: int
    closes_at: int | None
    order: str
    share: int
    close_when_empty: bool
    credits: int | None
    above: int = 0
    below: int = 0
    claimed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    closed_at: int | None = None
    close_reason: str | None = None


@dataclass(frozen=True)
class ModelPolicy:
    """What the cadence says."""

    mode: str
    order: str = "lifo"
    share: int = 0
    batch: int = 0
    close_when_empty: bool = False
    above: int = 0
    below: int = 0
    max_running: int = 0
    of_group: int = 0
    shares: bool = False
    order_by: str = "accepted"

    @property
    def goes_by_groups(self) -> bool:
        """Whether claims look at groups."""
        return self.shares or self.of_group > 0
