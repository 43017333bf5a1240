"""Why isn't this job running? Its causes, and when it may start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..broker import LifoBroker
from ..clock import rfc3339
from ..jobs import JobStatus
from .cause import Cause
from .causes import causes_of
from .circumstances import circumstances_of
from .estimate import Estimate, estimate_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job is where it is, at a moment of the Redis server's clock."""

    id: str
    status: JobStatus
    at_us: int
    causes: list[Cause]
    estimate: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "status": self.status.value,
            "at": rfc3339(self.at_us),
            "causes": [cause.as_dict() for cause in self.causes],
            "estimate": None if self.estimate is None else self.estimate.as_dict(),
        }


def explain(id: str, broker: LifoBroker) -> Explanation | None:
    """The explanation of a job; None when there is no such job.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    found = circumstances_of(id, broker)
    if found is None:
        return None
    return Explanation(id, found.job.status, found.now_us, causes_of(found), estimate_of(found))
