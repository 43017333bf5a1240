"""What came of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Played:
    """``recovery_s``: None, if it never came; ``faults``: what must not be; ``duplicates``: how often jobs were claimed
    again, by the reason; ``refused``: requests that had to be sent again, by the reason."""

    recovery_s: float | None
    faults: list[str]
    jobs: int
    claims: int
    duplicates: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
