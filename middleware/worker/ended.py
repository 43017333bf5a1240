"""Attempts that have ended, from their settlement to the moment when they are reported."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from ..commands.types import Settlement
from .delivery import Delivery

logger = logging.getLogger(__name__)


class Leaving(NamedTuple):
    """A settlement that is sent, and the delivery whose thread it frees; None: no thread had it."""

    settlement: Settlement
    delivery: Delivery | None


OnEnded = Callable[[str, Sequence[Leaving]], None]
"""Called with attempts of a queue that ended, by any thread of a worker, which may be a job's. It holds up no claim."""


MANY = 64
"""So many are reported together while the settler goes on settling. A thread that writes to a file or a pipe gives the
interpreter away, and waits until it gets it back: once for all of them is enough."""


class EndedAttempts:
    """Those of one queue that Redis has settled, and that aren't reported yet.

    The thread that has the settler's lock notes them. A thread without it reports them: any that passes by when there
    are many, and the one that has noted them as soon as it has left the lock.
    """

    def __init__(self, queue: str, on_ended: OnEnded | None) -> None:
        self._queue = queue
        self._on_ended = on_ended
        self._noted: deque[Leaving] = deque()

    def note(self, settled: Sequence[Leaving], stale: Collection[int]) -> None:
        """These were settled, but for those at the indexes ``stale``: their leases had run out."""
        if stale:
            for index, (settlement, _) in enumerate(settled):
                if index in stale:
                    logger.warning(
                        "Job %s of queue %r had lost its lease when it was settled as %s: that changes nothing, since "
                        "it was put back before.",
                        *(settlement.id, self._queue, settlement.outcome),
                    )
            settled = [one for index, one in enumerate(settled) if index not in stale]
        if self._on_ended is not None:
            self._noted.extend(settled)

    def report(self, at_least: int = 1) -> None:
        """Report all that were noted, if there are so many."""
        while len(self._noted) >= at_least and self._on_ended is not None:
            ended: list[Leaving] = []
            with suppress(IndexError):  # another thread reports too
                while True:
                    ended.append(self._noted.popleft())
            if ended:
                self._on_ended(self._queue, ended)
