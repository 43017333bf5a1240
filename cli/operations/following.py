"""Following jobs live: what has changed since the last look, by looking again at the newest jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from middleware.clock import rfc3339, to_us
from middleware.jobs import FINAL

from ..sources import Shown, Source
from . import jobs
from .filters import Chosen

MOST_FOLLOWED = 1000
LAG = timedelta(seconds=2)
"""A queue that took a large batch is a little ahead of the clock in its times of acceptance. So whatever was accepted
within this time before the newest job is looked at again."""


class Follower:
    """Follows the newest jobs that fit, each until it has ended, and at most 1,000 of them.

    Parameters:
      where: filters by which a job fits all its life, or never.
    """

    def __init__(self, source: Source, where: Chosen) -> None:
        self._source = source
        self._where = where
        self._seen: dict[str, tuple[str, int]] = {}
        self._after: datetime | None = None
        self.is_full = False
        """True when there were more jobs to follow at the last look: the oldest of them were left out."""

    def begin(self, count: int) -> list[Shown]:
        """The newest ``count`` jobs as they are, the oldest first; later ones are changes."""
        found = list(jobs.newest(self._source, self._where, max(1, count)))
        self._remember(found)
        return found[:count][::-1]

    def changes(self) -> list[Shown]:
        """The jobs that are new or came to another state since the last look, the oldest first.

        Raises:
          Away: the service can't answer now; look again later.
        """
        after = {} if self._after is None else {"created_after": [rfc3339(to_us(self._after))]}
        where = Chosen({**self._where.words, **after})
        found = list(jobs.newest(self._source, where, MOST_FOLLOWED))
        changed = [job for job in found if self._seen.get(job["id"]) != _state(job)]
        self.is_full = len(found) == MOST_FOLLOWED
        self._remember(found)
        return changed[::-1]

    def _remember(self, found: list[Shown]) -> None:
        """Keep what the next look is compared with: it begins at the oldest job that hasn't ended."""
        self._seen = {job["id"]: _state(job) for job in found}
        if not found:
            return
        going_on = [job for job in found if job["status"] not in FINAL]
        oldest = _created(going_on[-1]) - timedelta(microseconds=1) if going_on else _created(found[0])
        self._after = min(oldest, _created(found[0]) - LAG)


def _state(job: Shown) -> tuple[str, int]:
    return job["status"], job["attempts"]


def _created(job: Shown) -> datetime:
    return datetime.fromisoformat(job["created_at"])
