"""What a task declares for all of its jobs, where they don't say otherwise (docs/fresh-work.md, docs/groups.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dramatiq import Actor


@dataclass(frozen=True, slots=True)
class OfAllJobs:
    """``subject`` and ``group``: the names of the arguments that hold them. None: nothing is declared."""

    expires_in_s: float | None
    subject: str | None
    supersede_running: bool
    max_defer_s: float | None
    group: str | None

    def as_dict(self) -> dict[str, Any]:
        """By name, as the API shows them."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __bool__(self) -> bool:
        """Whether anything is declared."""
        return any(self.as_dict().values())


def of_all_jobs(actor: Actor[Any, Any]) -> OfAllJobs:
    """What an actor declares."""
    options = actor.options
    return OfAllJobs(
        expires_in_s=_seconds(options.get("expires_in")),
        subject=options.get("subject"),
        supersede_running=bool(options.get("supersede_running")),
        max_defer_s=_seconds(options.get("max_defer")),
        group=options.get("group"),
    )


def _seconds(time_ms: float | None) -> float | None:
    return None if time_ms is None else time_ms / 1000
