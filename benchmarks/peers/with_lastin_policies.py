"""LastIn with all that docs/fresh-work.md and docs/groups.md have: a deadline, a subject, a group and a time of
generation for each job."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from .with_lastin_groups import WithGroups


class WithPolicies(WithGroups):
    name = "lastin-policies"
    title = "LastIn, all policies on"
    setting = f"{WithGroups.setting}, order_by = generated; each job with expires_in 1 h, and a subject of its own"
    policy = dataclasses.replace(WithGroups.policy, order_by="generated")

    def options(self, number: int) -> dict[str, Any]:
        return {
            **super().options(number),
            "expires_in": 3_600_000,
            "subject": f"order-{number}",
            "generated_at": time.time_ns() // 1000 - 1_000_000,
        }


PEER = WithPolicies()
