"""What a replay has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TEXTS_KEPT = 20


@dataclass(slots=True)
class Findings:
    """How often each kind of error, the first texts, and what explains each duplicate: each time that a job was started
    again."""

    errors: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    duplicates: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    claims: int = 0
    claims_from_the_bottom: int = 0
    stale_settles: int = 0
    cancelled: int = 0
    expired: int = 0
    superseded: int = 0
    windows: int = 0
    forgotten: int = 0

    def add(self, kind: str, text: str) -> None:
        """One more error."""
        self.errors[kind] += 1
        if len(self.texts) < TEXTS_KEPT:
            self.texts.append(f"{kind}: {text}")


def report(all_found: Iterable[Findings]) -> dict[str, Any]:
    """The findings in all queues, as a program prints them."""
    found = list(all_found)
    errors = sum((one.errors for one in found), Counter[str]())
    sums = {
        name: sum(getattr(one, name) for one in found)
        for name in (
            "accepted",
            "claims",
            "claims_from_the_bottom",
            "windows",
            "cancelled",
            "expired",
            "superseded",
            "stale_settles",
            "forgotten",
        )
    }
    return sums | {
        "claims_out_of_order": errors["out of order"] + errors["passed over"] + errors["wrong end"],
        "credits_overrun": errors["credits overrun"],
        "claims_at_a_closed_gate": errors["closed gate"] + errors["claimed in a pause"],
        "jobs_in_two_states": errors["in two states"] + errors["double settle"],
        "jobs_lost": errors["lost"] + errors["unknown job"],
        "duplicates": dict(sum((one.duplicates for one in found), Counter[str]())),
        "duplicates_unexplained": errors["unexplained duplicate"],
        "errors": dict(errors),
    }
