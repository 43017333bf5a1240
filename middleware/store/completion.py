"""Waiting for the end of jobs: all who wait in a process share one thread and one look at Redis."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping

from ..errors import RedisAwayError
from ..redis_link.backoff import LONGEST_PAUSE_S, Backoff

logger = logging.getLogger(__name__)

FIRST_LOOK_S, LONGEST_LOOK_S = 0.004, 0.05
"""Most jobs that somebody waits for end soon: looks come quickly after a newcomer, then every 50 ms."""

Waited = tuple[str, str]
"""A queue and the id of a job in it."""


class CompletionWatcher:
    """Wakes those who wait for a job's end. Nothing runs and nothing is sent while nobody waits.

    Parameters:
      ended: which of these jobs, by queue, have ended or are gone; may raise RedisAwayError.
      most: how many may wait at a time.
    """

    def __init__(self, ended: Callable[[Mapping[str, Collection[str]]], set[Waited]], *, most: int) -> None:
        self._ended = ended
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[threading.Event, Waited] = {}
        self._newcomers = self._is_closed = False
        self._watcher: threading.Thread | None = None

    def wait(self, queue: str, id: str, timeout_s: float) -> bool:
        """Wait until the job has ended, or for so long; False at once if as many wait already as may, and after
        :meth:`close`."""
        event = threading.Event()
        with self._changed:
            if self._is_closed or len(self._waiting) >= self._most:
                return False
            self._waiting[event] = (queue, id)
            self._newcomers = True
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="lastin-endings", daemon=True)
                self._watcher.start()
            self._changed.notify()
        try:
            event.wait(timeout_s)
        finally:
            with self._changed:
                del self._waiting[event]
        return True

    def close(self) -> None:
        """End all waits now, and let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            for event in self._waiting:
                event.set()

    def _watch(self) -> None:
        backoff = Backoff(FIRST_LOOK_S, LONGEST_LOOK_S)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                if self._newcomers:
                    self._newcomers = False
                    backoff.reset()
                waiting = dict(self._waiting)
            pause_s = backoff.next_s()
            try:
                self._look(waiting)
            except RedisAwayError:
                pause_s = LONGEST_PAUSE_S
            except Exception:
                logger.exception("Looking for the end of jobs failed; it goes on.")
                pause_s = LONGEST_PAUSE_S
            with self._changed:
                self._changed.wait_for(lambda: self._newcomers, pause_s)

    def _look(self, waiting: Mapping[threading.Event, Waited]) -> None:
        ids: dict[str, set[str]] = {}
        for queue, id in waiting.values():
            ids.setdefault(queue, set()).add(id)
        ended = self._ended(ids)
        for event, waited in waiting.items():
            if waited in ended:
                event.set()
