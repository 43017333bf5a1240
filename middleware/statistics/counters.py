"""What the scripts have counted of a queue, as it is read: the counters of its tasks, and how they were before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..commands.layout import (
    INTERVAL_US,
    MINUTE_US,
    NO_COUNTERS,
    Counts,
    Sample,
    unpack_minute,
    unpack_sample,
    unpack_task_counters,
)
from ..commands.queue_commands import QueueCommands
from .histograms import Histogram, histogram


@dataclass(frozen=True, slots=True)
class TaskStatistics:
    """What is counted of one task of a queue."""

    counts: Counts
    wait: Histogram
    run: Histogram

    def __add__(self, other: TaskStatistics) -> TaskStatistics:
        return TaskStatistics(self.counts + other.counts, self.wait + other.wait, self.run + other.run)


@dataclass(frozen=True)
class QueueCounters:
    """One queue at one moment. ``samples`` and ``minutes`` (when a minute began, and the tasks' counters then) are the
    newest first. Where nothing happened there is none: it would be equal to the next one."""

    queue: str
    now_us: int
    oldest_place: int | None
    tasks: dict[str, TaskStatistics]
    samples: list[Sample]
    minutes: list[tuple[int, dict[str, TaskStatistics]]]

    @cached_property
    def together(self) -> TaskStatistics:
        """All tasks."""
        return added(self.tasks.values())

    def counts_at(self, time_us: int) -> tuple[int, Counts]:
        """When the interval that holds this time began, and the counts then."""
        began = time_us // INTERVAL_US * INTERVAL_US
        later = [sample for sample in self.samples if sample.at_us >= began]
        return began, later[-1].counts if later else self.together.counts

    def tasks_at(self, time_us: int) -> tuple[int, dict[str, TaskStatistics]]:
        """When the minute that holds this time began, and the counters of tasks then."""
        began = time_us // MINUTE_US * MINUTE_US
        later = [tasks for at_us, tasks in self.minutes if at_us >= began]
        return began, later[-1] if later else self.tasks


def read_counters(scripts: QueueCommands, *, samples: int = 0, minutes: int = 0) -> QueueCounters:
    """What is counted of a queue, with this many of the newest samples and minutes.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    now_us, oldest, counters, packed_samples, packed_minutes = scripts.read_counters(samples, minutes)
    return QueueCounters(
        queue=scripts.queue,
        now_us=now_us,
        oldest_place=oldest or None,
        tasks=counters_from(counters),
        samples=[unpack_sample(packed) for packed in packed_samples],
        minutes=[_minute(packed) for packed in packed_minutes],
    )


def added(tasks: Iterable[TaskStatistics]) -> TaskStatistics:
    """All of them together."""
    return sum(tasks, start=NOTHING)


def counters_from(flat: Sequence[bytes]) -> dict[str, TaskStatistics]:
    """Statistics by task, from tasks and packed counters in turn."""
    return {flat[i].decode(): _statistics(flat[i + 1]) for i in range(0, len(flat), 2)}


def _statistics(packed: bytes) -> TaskStatistics:
    counters = unpack_task_counters(packed)
    return TaskStatistics(counters.counts, histogram(counters.wait), histogram(counters.run))


def _minute(packed: bytes) -> tuple[int, dict[str, TaskStatistics]]:
    at_us, flat = unpack_minute(packed)
    return at_us, counters_from(flat)


NOTHING = _statistics(NO_COUNTERS)
"""A task of which nothing has happened."""
