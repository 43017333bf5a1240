"""The job: its states, the moves between them, and its record as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .clock import rfc3339

LONGEST_ID = 64
"""Characters of a job's id, at most."""


class JobStatus(StrEnum):
    """Where a job is in its life. The values are the words of the API, the metrics and the docs.

    Whatever else lists the states is made from this. The counters of tasks in Redis keep this order.
    """

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    PROCESSED = "processed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def is_final(self) -> bool:
        """True when no worker will run the job again unless an operator says so."""
        return self in FINAL


FINAL = frozenset(
    {JobStatus.PROCESSED, JobStatus.REJECTED, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.SUPERSEDED}
)

TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.SCHEDULED: frozenset({JobStatus.QUEUED, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.SUPERSEDED}),
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.EXPIRED, JobStatus.SUPERSEDED}),
    JobStatus.RUNNING: frozenset(
        {
            JobStatus.PROCESSED,
            JobStatus.SCHEDULED,
            JobStatus.QUEUED,
            JobStatus.REJECTED,
            JobStatus.CANCELLED,
            JobStatus.SUPERSEDED,
        }
    ),
    JobStatus.PROCESSED: frozenset(),
    JobStatus.REJECTED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELLED: frozenset({JobStatus.QUEUED}),
    JobStatus.EXPIRED: frozenset({JobStatus.QUEUED}),
    JobStatus.SUPERSEDED: frozenset(),
}
"""Every move there is; ``docs/states.md`` draws it, and a test compares the two."""

CANCELLABLE = frozenset(s for s in JobStatus if s not in FINAL and JobStatus.CANCELLED in TRANSITIONS[s])
RETRYABLE = frozenset(s for s in FINAL if JobStatus.QUEUED in TRANSITIONS[s])

WHY_NOT_RETRIED = {
    "waiting": "It waits to run already.",
    "running": "It runs.",
    "processed": "It has been processed: submit a new job to do the work again.",
    "superseded": "A newer job has taken its place.",
}
"""In words what ``retry.lua`` answers of a job that isn't ``missing``, and that it didn't put back."""


@dataclass(frozen=True, slots=True)
class JobError:
    """Why an attempt failed. ``at_us`` is Redis server time in microseconds since the epoch."""

    type: str
    message: str
    traceback: str | None
    at_us: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running task last said of itself: ``share`` from 0.0 to 1.0, and a note for people."""

    share: float
    note: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One request to run a task. Times are Redis server time, in microseconds since the epoch."""

    id: str
    seq: int
    place: int | None
    status: JobStatus
    task: str
    queue: str
    payload: Mapping[str, Any]
    tags: tuple[str, ...]
    subject: str | None
    group: str | None
    attempts: int
    max_attempts: int | None
    generated_at_us: int | None
    due_at_us: int | None
    expires_at_us: int | None
    queued_at_us: int | None
    started_at_us: int | None
    finished_at_us: int | None
    window: str | None
    worker: str | None
    progress: Progress | None
    cancel_requested: bool
    result: Any
    result_error: str | None
    error: JobError | None
    reason: str | None
    warning: str | None
    superseded_by: str | None
    request_id: str | None
    traceparent: str | None
    encoded_result: bytes | None = None
    """A result that isn't JSON, as the program's own encoder has written it."""

    @property
    def created_at_us(self) -> int:
        """When the job was accepted, which follows from its seq (docs/glossary.md)."""
        return self.seq

    @property
    def wait_ms(self) -> float | None:
        """Milliseconds from entering the stack to the last claim."""
        if self.started_at_us is None or self.queued_at_us is None:
            return None
        return max(0, self.started_at_us - self.queued_at_us) / 1000

    @property
    def run_ms(self) -> float | None:
        """Milliseconds from the last claim to the end."""
        if self.started_at_us is None or self.finished_at_us is None:
            return None
        return max(0, self.finished_at_us - self.started_at_us) / 1000

    def as_dict(self) -> dict[str, Any]:
        """The job as the API shows it: every key always there, times as RFC 3339 in UTC."""
        return {
            "id": self.id,
            "seq": self.seq,
            "place": self.place,
            "status": self.status.value,
            "task": self.task,
            "queue": self.queue,
            "payload": self.payload,
            "tags": list(self.tags),
            "subject": self.subject,
            "group": self.group,
            "attempts": self.attempts,
            "max_attempts": self.max_attempts,
            "created_at": rfc3339(self.created_at_us),
            "generated_at": rfc3339(self.generated_at_us),
            "due_at": rfc3339(self.due_at_us),
            "expires_at": rfc3339(self.expires_at_us),
            "queued_at": rfc3339(self.queued_at_us),
            "started_at": rfc3339(self.started_at_us),
            "finished_at": rfc3339(self.finished_at_us),
            "wait_ms": self.wait_ms,
            "run_ms": self.run_ms,
            "window": self.window,
            "worker": self.worker,
            "progress": None if self.progress is None else {"share": self.progress.share, "note": self.progress.note},
            "cancel_requested": self.cancel_requested,
            "result": self.result,
            "result_error": self.result_error,
            "error": None
            if self.error is None
            else {
                "type": self.error.type,
                "message": self.error.message,
                "traceback": self.error.traceback,
                "at": rfc3339(self.error.at_us),
            },
            "reason": self.reason,
            "warning": self.warning,
            "superseded_by": self.superseded_by,
            "request_id": self.request_id,
            "traceparent": self.traceparent,
        }
