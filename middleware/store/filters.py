"""Which jobs of a list are meant: by state, task, queue, window and time of acceptance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..commands import keys
from ..jobs import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What all of the jobs have in common; None: whatever it is.

    The times are those of acceptance, in µs since the epoch, and mean strictly after and strictly before: they are
    compared with seq, which holds the time of acceptance.
    """

    statuses: frozenset[JobStatus] | None = None
    task: str | None = None
    queue: str | None = None
    window: str | None = None
    created_after_us: int | None = None
    created_before_us: int | None = None

    @property
    def indexes(self) -> list[str]:
        """The indexes that list such jobs by seq, as ``walk.lua`` takes them; the stack goes with ``displaced``."""
        wanted = JobStatus if self.statuses is None else self.statuses
        names = [key.__name__ for status, key in keys.STATUS_INDEXES.items() if status in wanted]
        return [*names, "displaced"] if "stack" in names else names

    @property
    def window_number(self) -> int | None:
        """The number of the window in its queue."""
        return None if self.window is None else int(self.window.rpartition(".")[2])

    def queues_among(self, names: Iterable[str]) -> list[str]:
        """Those of these queues in which there may be such jobs."""
        of_window = None if self.window is None else self.window.rpartition(".")[0]
        return [name for name in sorted(names) if self.queue in (None, name) and of_window in (None, name)]


ALL_JOBS = JobFilter()
