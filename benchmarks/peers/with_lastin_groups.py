"""LastIn whose jobs belong to twenty groups that share the queue, with a bound for each, and for all."""

from __future__ import annotations

from typing import Any

from middleware.queues.policy import Policy

from .with_lastin import LastIn

GROUPS = 20


class WithGroups(LastIn):
    name = "lastin-groups"
    title = "LastIn, by groups"
    setting = f"continuous, {GROUPS} groups, share_by_group, max_running_per_group = 50, max_running = 500"
    policy = Policy(mode="continuous", share_by_group=True, max_running_per_group=50, max_running=500)

    def options(self, number: int) -> dict[str, Any]:
        return {"group": f"customer-{number % GROUPS}"}


PEER = WithGroups()
