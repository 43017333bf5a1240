"""Whose turn it is, and which bound keeps a job waiting: what a queue's limits mean for one of its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..commands import keys
from ..commands.layout import NO_GROUP, Record
from ..jobs import JobStatus
from ..tags import entry
from ..words import counted
from .cause import Cause

if TYPE_CHECKING:
    from ..commands.client import RedisClient
    from .circumstances import Circumstances


@dataclass(frozen=True, slots=True)
class PlaceInGroup:
    """Where a waiting job lies among those of its group, where claims go by groups. ``above`` and ``below``: jobs of
    its group with a higher and a lower place. ``running``: jobs of its group. ``is_full``: as many of them run as may.
    ``had_turn``: its group has had its turn in this round."""

    above: int
    below: int
    running: int
    is_full: bool
    had_turn: bool


def place_in_group_of(queue: str, id: str, record: Record, redis: RedisClient) -> PlaceInGroup:
    """That of the job with this id.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    group, grouped = record.group or NO_GROUP, keys.grouped(queue)
    low, high = b"[" + group.encode(), b"(" + group.encode() + b"\xff"
    own = entry(group, record.place or record.seq, id)
    above, below, running, full, had_turn = redis.call_all(
        [
            ("ZLEXCOUNT", grouped, b"(" + own, high),
            ("ZLEXCOUNT", grouped, low, b"(" + own),
            ("ZLEXCOUNT", keys.running_grouped(queue), low, high),
            ("ZSCORE", keys.full_groups(queue), group),
            ("SISMEMBER", keys.had_turn(queue), group),
        ]
    )
    return PlaceInGroup(above, below, running, full is not None, bool(had_turn))


def bounds_that_hold(c: Circumstances) -> Iterator[Cause]:
    """As many of its queue, or of its group, run as may."""
    if c.policy is None:
        return
    running, most = c.queue.counts[JobStatus.RUNNING], c.policy.max_running
    if 0 < most <= running:
        yield Cause(
            "queue_full",
            f"{counted(running, 'job')} of queue {c.job.queue} run, and max_running lets {most} run at once.",
            {"running": running, "max_running": most},
        )
    if c.group is not None and c.group.is_full:
        most = c.policy.max_running_per_group
        yield Cause(
            "group_full",
            f"{counted(c.group.running, 'job')} of its group run, and max_running_per_group lets {most} run at once.",
            {"group": c.job.group, "running": c.group.running, "max_running_per_group": most},
        )


def turns(c: Circumstances) -> Iterator[Cause]:
    """Other groups have their turns too."""
    if c.group is None or c.policy is None or not c.policy.share_by_group or c.queue.groups is None:
        return
    waiting = c.queue.groups.waiting
    if waiting < 2:
        return
    its = "has had its turn in this round" if c.group.had_turn else "hasn't had its turn in this round yet"
    of = "Its group" if c.job.group is not None else "It has no group; that of the jobs without one"
    yield Cause(
        "turns",
        f"Claims go round the {waiting} groups that wait, one job of each. {of} {its}.",
        {"group": c.job.group, "groups": waiting, "had_turn": c.group.had_turn},
    )


def data_of_order(c: Circumstances, before: int) -> dict[str, Any]:
    """What goes first, in its group where claims go by groups."""
    above, below = (c.above, c.below) if c.group is None else (c.group.above, c.group.below)
    return {"before": before, "order": c.queue.order_now, "above": above, "below": below}
