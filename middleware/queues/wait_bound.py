"""How long a job that is accepted now waits at most, where anything can be said about it (docs/cadence.md)."""

from __future__ import annotations

from .policy import PPM, Policy

FULL_WINDOWS = 10
"""How many windows in a row must have used all their credits."""


def wait_bound_us(policy: Policy, *, waiting: int, running: int, are_full: bool) -> int | None:
    """Microseconds; None: no bound is known.

    Each window gives ``⌊batch · share⌋`` claims to the lowest place. A job is claimed once there were as many of these
    as there are jobs below it, plus one. A running job may be put back below it, so it counts too. Where claims go by
    groups, the lowest place may be that of a group whose turn it isn't.
    """
    for_the_oldest = policy.batch * policy.oldest_share_ppm // PPM
    if policy.goes_by_groups or policy.mode != "windows" or not are_full or not for_the_oldest or not policy.period_us:
        return None
    windows = -(-(waiting + running + 1) // for_the_oldest)
    return windows * policy.period_us + min(policy.lasts_us or policy.period_us, policy.period_us)
