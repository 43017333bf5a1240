"""LastIn with deadlines, the oldest job first: what the adaptive order is held beside while there is no backlog."""

from __future__ import annotations

from middleware.queues.policy import Policy

from .with_lastin_deadline import WithDeadline


class OldestFirst(WithDeadline):
    name = "lastin-fifo"
    title = "LastIn, oldest first, with deadlines"
    setting = "continuous, oldest first, each job with expires_in 1 s"
    policy = Policy(mode="continuous", order="fifo")


PEER = OldestFirst()
