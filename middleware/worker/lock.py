"""A settler's connection to Redis: one thread at a time uses it."""

from __future__ import annotations

import threading
from collections import deque


class WaitersFirstLock:
    """A lock on which those who wait come before those who only ask whether it is free.

    Who only asks goes on with other work, and may ask again at once, faster than any thread wakes up that waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[None] = deque()

    @property
    def is_wanted(self) -> bool:
        """True while somebody waits for it."""
        return bool(self._waiting)

    def take_if_free(self) -> bool:
        """Take it, unless somebody has it or waits for it. Returns whether it was taken."""
        return not self._waiting and self._lock.acquire(blocking=False)

    def leave(self) -> None:
        """Let others have it."""
        self._lock.release()

    def __enter__(self) -> None:
        self._waiting.append(None)
        try:
            self._lock.acquire()
        finally:
            self._waiting.pop()

    def __exit__(self, *_: object) -> None:
        self.leave()
