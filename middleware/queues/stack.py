"""The stack as it lies: how many jobs wait in each span of ages, and how far down the next window reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..commands.queue_commands import QueueCommands
from ..jobs import JobStatus
from .policy import PPM
from .snapshot import QueueSnapshot


@dataclass(frozen=True, slots=True)
class Taken:
    """What a window would claim of the jobs that wait now, from each end of the stack."""

    from_top: int
    from_bottom: int

    @property
    def total(self) -> int:
        """From both ends."""
        return self.from_top + self.from_bottom


@dataclass(frozen=True, slots=True)
class StackShape:
    """A stack at one moment of the Redis server's clock. Ages and times in µs.

    ``counts``: how many jobs are younger than the first age, than the next one, …, and older than the last.
    ``top_age_us``: the age of the lowest job that is taken from the top, ``bottom_age_us`` that of the highest one
    taken from the bottom; None where none is taken there, or all are.
    """

    now_us: int
    ages_us: tuple[int, ...]
    counts: tuple[int, ...]
    taken: Taken
    top_age_us: int | None
    bottom_age_us: int | None

    @property
    def waiting(self) -> int:
        """All jobs on it."""
        return sum(self.counts)


def read_stack(commands: QueueCommands, taken: Taken, ages_us: Sequence[int]) -> StackShape:
    """The stack of a queue. One exchange with Redis, O(log n) for each age.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    now_us, _, top, bottom, *counts = commands.read_stack(taken.from_top, taken.from_bottom, ages_us)
    return StackShape(
        now_us=now_us,
        ages_us=tuple(ages_us),
        counts=tuple(counts),
        taken=taken,
        top_age_us=None if top is None else max(0, now_us - top),
        bottom_age_us=None if bottom is None else max(0, now_us - bottom),
    )


def taken_next(queue: QueueSnapshot) -> Taken:
    """What the open window may still claim of the jobs that wait, or else what the next one would; of a continuous
    queue and of one without a policy, nothing: no window opens there. Nothing either where groups share: what is taken
    lies anywhere.

    Of claims ``a + 1 … b`` of a window ``⌊b·s⌋ - ⌊a·s⌋`` go to the bottom, where s is the share of the oldest.
    """
    if queue.mode != "windows" or queue.policy is None or queue.policy.share_by_group:
        return Taken(0, 0)
    waiting = queue.counts[JobStatus.QUEUED]
    before, share = 0, queue.policy.oldest_share_ppm
    credits: int | None = queue.policy.batch or None
    if queue.window is not None:
        before, share, credits = queue.window.claimed, queue.window.oldest_share_ppm, queue.window.credits
    count = waiting if credits is None else min(waiting, max(0, credits - before))
    if queue.order_now == "fifo":
        return Taken(0, count)
    from_bottom = (before + count) * share // PPM - before * share // PPM
    return Taken(count - from_bottom, from_bottom)
