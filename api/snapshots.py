"""Answers that may be a second old, so that many who poll cost Redis no more than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH_S = 1.0


class Snapshot(Generic[T]):
    """Keeps what ``read`` gave for a second. Those who come while it is read wait for it; an error isn't kept."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """What was read at most a second ago.

        Raises:
          whatever ``read`` raises.
        """
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > FRESH_S:
                began = time.monotonic()
                self._kept = (began, self._read())
            return self._kept[1]
