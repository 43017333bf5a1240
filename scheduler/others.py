"""Schedulers that have read another cadence than this one: each names the other in its log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from itertools import islice

from middleware.errors import RedisAwayError
from middleware.processes.cadence_status import CadenceStatus, differences

LOOK_EVERY_S = 2.0
MOST_DIFFERENCES = 5

logger = logging.getLogger(__name__)


class OtherSchedulers:
    """Compares what this scheduler has read with what the others have, and warns once for each change."""

    def __init__(
        self, id: str, own: Callable[[], CadenceStatus | None], read: Callable[[], Mapping[str, CadenceStatus]]
    ) -> None:
        """``id``: this scheduler's in the process registry; ``read``: the statuses of all schedulers there."""
        self._id = id
        self._own = own
        self._read = read
        self._logged: dict[str, tuple[str, str]] = {}
        """Of each scheduler that differs: both digests, as they were when that was logged."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler-others", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A call to Redis that hangs isn't waited for: the thread ends with the process."""
        self._stopping.set()

    def look(self) -> None:
        """Look once. When Redis is away nothing is logged: whoever wants to open a window will do so."""
        own = self._own()
        if own is None:
            return
        try:
            statuses = self._read()
        except RedisAwayError:
            return
        differing = {id: status for id, status in statuses.items() if id != self._id and status.digest != own.digest}
        for id, status in differing.items():
            digests = (own.digest, status.digest)
            if self._logged.get(id) != digests:
                self._logged[id] = digests
                _warn(id, own, status)
        for id in self._logged.keys() - differing.keys():
            del self._logged[id]
            if id in statuses:
                logger.info("Scheduler %s has read the same cadence as this one again.", id)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                logger.exception("Comparing the cadences of schedulers failed; it goes on.")


def _warn(id: str, own: CadenceStatus, other: CadenceStatus) -> None:
    phrases = list(differences(own, other))
    shown = "; ".join(islice(phrases, MOST_DIFFERENCES)) or "its version of LastIn doesn't say how"
    if len(phrases) > MOST_DIFFERENCES:
        shown += f"; and {len(phrases) - MOST_DIFFERENCES} more"
    logger.warning(
        "Scheduler %s has read another cadence than this one: %s. Each puts its own in force, in turns. Give all"
        " schedulers the same CADENCE_FILE and CADENCE_… variables, or stop one of them.",
        *(id, shown),
    )
