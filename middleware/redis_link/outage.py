"""That Redis is away, and that it is back: told once by each process, whichever of its threads notices."""

from __future__ import annotations

import logging
import threading
import time

from ..errors import RedisAwayError
from ..words import duration
from .backoff import Backoff

logger = logging.getLogger(__name__)


class Outage:
    """What a process knows of it. One failure is none yet: a connection that was cut is made anew at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began_at: float | None = None

    def failed(self, error: RedisAwayError, backoff: Backoff) -> None:
        """Somebody, who tries again by this backoff, got no answer."""
        if backoff.is_fresh:
            return
        with self._lock:
            if self._began_at is not None:
                return
            self._began_at = time.monotonic()
        logger.warning("Redis is away; this process goes on when it is back. %s", error)

    def succeeded(self) -> None:
        """Somebody got an answer."""
        if self._began_at is None:
            return
        with self._lock:
            began_at, self._began_at = self._began_at, None
        if began_at is not None:
            logger.info("Redis is back, after %s.", duration((time.monotonic() - began_at) * 1e6))
