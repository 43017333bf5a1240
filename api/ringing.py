"""Rings again for what came over HTTP: the worker that heard the doorbell may be stopped, or cut off, before it claims.

The scheduler does so for the windows that it opens (``scheduler/runner.py``). Without either, the maintenance does,
within 5 s.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask

from middleware.errors import LastInError
from tasks import broker

EVERY_S = 0.2
FOR_S = 1.5
"""After the last job of a queue, or the last window that was opened. Until then each new one rings by itself."""

logger = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Note whose doorbell was rung. The server's processes start the thread (``wsgi.py``)."""
    app.extensions["rings"] = Rings(broker.windows.ring_again)


class Rings(threading.Thread):
    """Rings a queue's doorbell again for a while, as long as jobs wait there.

    Parameters:
      ring: wakes a worker if jobs wait that may be claimed; whether jobs wait.
    """

    def __init__(self, ring: Callable[[str], bool], *, every_s: float = EVERY_S, for_s: float = FOR_S) -> None:
        super().__init__(name="api-rings", daemon=True)
        self._ring = ring
        self._every_s = every_s
        self._for_s = for_s
        self._rung: dict[str, float] = {}
        self._lock = threading.Lock()
        self._has_news = threading.Event()

    def expect(self, queue: str) -> None:
        """A script rang this queue's doorbell just now: see to it that somebody claims."""
        with self._lock:
            self._rung[queue] = time.monotonic()
        if not self._has_news.is_set():
            self._has_news.set()

    def run(self) -> None:
        """Until the process ends."""
        while True:
            self._has_news.wait()
            time.sleep(self._every_s)
            self._has_news.clear()
            for queue, at in list(self._rung.items()):
                self._see_to(queue, at)
            if self._rung:
                self._has_news.set()

    def _see_to(self, queue: str, at: float) -> None:
        waited_s = time.monotonic() - at
        if waited_s < self._every_s:
            return
        try:
            jobs_wait = self._ring(queue)
        except LastInError as error:
            logger.debug("Woke nobody on queue %r: %s", queue, error)
            jobs_wait = False
        if jobs_wait and waited_s < self._for_s:
            return
        with self._lock:
            if self._rung.get(queue) == at:
                del self._rung[queue]
