"""A job in memory."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands.layout import STATUS_LETTERS, Record
from ..jobs import JobStatus
from ..worker.delivery import Delivery

LETTERS = {status: letter for letter, status in STATUS_LETTERS.items()}

NEW = Record("", 0, None, "", 0, None, None, None, None, None, None, None, None, None, None)


@dataclass(slots=True, eq=False)
class Entry:
    """A job. ``exception``: what the last attempt raised; ``number``: of the claim that runs it now; ``delivery``: what
    a thread has of that claim."""

    id: str
    body: bytes
    record: Record
    result: bytes = b""
    failure: bytes = b""
    progress: bytes = b""
    exception: BaseException | None = None
    number: int = 0
    delivery: Delivery | None = None

    @property
    def status(self) -> JobStatus:
        """Where it is in its life."""
        return STATUS_LETTERS[self.record.status]

    @property
    def place(self) -> int:
        """Where it lies in the stack."""
        return self.record.place or self.record.seq

    @property
    def waits(self) -> bool:
        """Whether it waits to be claimed, or for its time."""
        return self.status in (JobStatus.QUEUED, JobStatus.SCHEDULED)

    def note(self, **changes: object) -> None:
        """Change its record."""
        self.record = self.record._replace(**changes)  # type: ignore[arg-type]

    def ask_to_stop(self, reason: str, by: str | None = None) -> None:
        """Ask a running job to stop, unless it was asked before; ``by``: the id of a newer job that wants it so."""
        if self.record.cancel:
            return
        self.note(cancel=reason, superseded_by=by)
        if self.delivery is not None:
            self.delivery.cancel_requested = True
