"""LastIn with deadlines and the adaptive order: the oldest job first, but in a backlog the newest."""

from __future__ import annotations

from middleware.queues.policy import Policy

from .with_lastin_deadline import WithDeadline


class Adaptive(WithDeadline):
    name = "lastin-adaptive"
    title = "LastIn, adaptive, with deadlines"
    setting = "continuous, adaptive (lifo_above 250 ms, lifo_below 125 ms), each job with expires_in 1 s"
    policy = Policy(mode="continuous", order="adaptive", lifo_above_us=250_000, lifo_below_us=125_000)


PEER = Adaptive()
