"""A job of the stub broker."""

from __future__ import annotations

from dataclasses import dataclass

from ..commands.layout import STATUS_LETTERS, Record
from ..jobs import JobStatus


@dataclass(slots=True)
class Entry:
    """A job. ``exception``: what the last attempt raised; ``number``: of the claim that runs it now."""

    id: str
    body: bytes
    record: Record
    result: bytes = b""
    failure: bytes = b""
    progress: bytes = b""
    exception: BaseException | None = None
    number: int = 0

    @property
    def status(self) -> JobStatus:
        """Where it is in its life."""
        return STATUS_LETTERS[self.record.status]

    @property
    def place(self) -> int:
        """Where it lies in the stack."""
        return self.record.place or self.record.seq
