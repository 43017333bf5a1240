"""The replica from which lists are read, for as long as it is fit for that."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from redis.exceptions import ResponseError

from ..errors import RedisAwayError
from ..redis_link.info import fields_of
from ..redis_link.link import Link


class Client(Protocol):
    """Whoever reads over a link of its own, such as ``RedisClient``."""

    @property
    def link(self) -> Link: ...


T = TypeVar("T")
C = TypeVar("C", bound=Client)

LOOK_EVERY_S = 1.0
"""How long a replica that was fit may have lost its link to the primary before anybody notices."""
LEFT_ALONE_S = 5.0
"""A replica that isn't fit is left alone for so long: whoever reads a list mustn't wait for it each time."""

logger = logging.getLogger(__name__)


class Replica(Generic[C]):
    """What this process knows of the replica. One that has lost its link to the primary goes on answering, with what it
    knew by then: so it is asked for its link, once a second."""

    def __init__(self, client: C) -> None:
        self.client = client
        self.fault: str | None = None
        self._lock = threading.Lock()
        self._look_at = 0.0

    def read(self, read: Callable[[C], T], primary: C) -> T:
        """What ``read`` reads from the replica, or where that isn't fit from the primary.

        Raises:
          RedisAwayError: the primary doesn't answer either.
        """
        if self._is_fit():
            try:
                return read(self.client)
            except (RedisAwayError, ResponseError) as error:
                self._note("it doesn't answer as it should", error)
        return read(primary)

    def look_when_due(self) -> str | None:
        """Why lists are read from the primary, a sentence; None: they aren't."""
        self._is_fit()
        return self.fault

    def _is_fit(self) -> bool:
        if time.monotonic() >= self._look_at:
            try:
                self._note(_fault_in(self.client.link.call("INFO", "replication")))
            except (RedisAwayError, ResponseError) as error:
                self._note("it doesn't answer", error)
        return self.fault is None

    def _note(self, why: str | None, error: Exception | None = None) -> None:
        """What was found; what an error says goes to the log alone, since it names addresses."""
        fault = None if why is None else f"Lists are read from the primary instead of REDIS_REPLICA_URL: {why}."
        with self._lock:
            before, self.fault = self.fault, fault
            self._look_at = time.monotonic() + (LOOK_EVERY_S if fault is None else LEFT_ALONE_S)
        if fault is not None and before is None:
            logger.warning("%s%s", fault, f" {error}" if error else "")
        elif fault is None and before is not None:
            logger.info("Lists are read from REDIS_REPLICA_URL again.")


def _fault_in(info: bytes) -> str | None:
    said = fields_of(info)
    if said.get("role") != "slave":
        return f"it is no replica, its role is {said.get('role', 'unknown')}"
    if (status := said.get("master_link_status")) != "up":
        return f"its link to the primary is {status} (master_link_status)"
    return None
