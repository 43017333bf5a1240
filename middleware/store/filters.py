"""Which jobs of a list are meant: by state, task, queue, tag, window and time of acceptance."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..commands import keys
from ..jobs import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What all of the jobs have in common; None: whatever it is. Of several values a job has any one; a text stands for
    itself alone: ``JobFilter(tasks={"send_mail", "resize"}, tags="customer-7")``.

    The times are those of acceptance, in µs since the epoch, and mean strictly after and strictly before: they are
    compared with seq, which holds the time of acceptance.

    Raises:
      ValueError: there is no such state.
    """

    statuses: Collection[str] | None = None
    tasks: Collection[str] | None = None
    queues: Collection[str] | None = None
    tags: Collection[str] | None = None
    window: str | None = None
    created_after_us: int | None = None
    created_before_us: int | None = None

    def __post_init__(self) -> None:
        for name in ("statuses", "tasks", "queues", "tags"):
            value = getattr(self, name)
            if value is not None:
                values = {value} if isinstance(value, str) else value
                object.__setattr__(self, name, frozenset(map(JobStatus, values) if name == "statuses" else values))

    @property
    def indexes(self) -> list[str]:
        """The indexes that list such jobs by seq, as ``page.lua`` takes them; the stack goes with ``displaced``."""
        wanted = JobStatus if self.statuses is None else self.statuses
        names = [key.name for status, key in keys.STATUS_INDEXES.items() if status in wanted]
        return [*names, "displaced"] if "stack" in names else names

    @property
    def is_empty(self) -> bool:
        """True when no job can fit: of something, none is wanted."""
        return any(wanted is not None and not wanted for wanted in (self.statuses, self.tasks, self.queues, self.tags))

    @property
    def window_number(self) -> int | None:
        """The number of the window in its queue."""
        return None if self.window is None else int(self.window.rpartition(".")[2])

    def queues_among(self, names: Iterable[str]) -> list[str]:
        """Those of these queues in which there may be such jobs."""
        of_window = None if self.window is None else self.window.rpartition(".")[0]
        return [
            name for name in sorted(names) if (self.queues is None or name in self.queues) and of_window in (None, name)
        ]


ALL_JOBS = JobFilter()
