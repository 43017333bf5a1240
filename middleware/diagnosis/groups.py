"""Whose turn it is, and which bound keeps a job waiting: what a queue's limits mean for one of its jobs."""

from __future__ import annotations

from collections.abc import Iterator

from ..jobs import JobStatus
from ..words import counted
from .cause import Cause
from .circumstances import Circumstances


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
