"""Answers that may be a second old, so that many who poll cost Redis no more than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH_S = 1.0


class Cached(Generic[T]):
    """Keeps what ``read`` gave for ``fresh_s``, a second if omitted. Those who come while it is read wait for it, and
    share its error too: one after the other, they would each wait for Redis anew. An error isn't kept for those who
    come later."""

    def __init__(self, read: Callable[[], T], fresh_s: float | None = None) -> None:
        self._read = read
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._kept: tuple[float, T] | None = None
        self._failed: tuple[float, Exception] | None = None

    def get(self) -> T:
        """What was read at most ``fresh_s`` ago.

        Raises:
          whatever ``read`` raises.
        """
        came = time.monotonic()
        with self._lock:
            if self._failed is not None and self._failed[0] > came:
                raise self._failed[1]
            if self._kept is None or time.monotonic() - self._kept[0] > (
                FRESH_S if self._fresh_s is None else self._fresh_s
            ):
                self._kept = (time.monotonic(), self._read_noting_failure())
            return self._kept[1]

    def renew(self) -> T:
        """What is read now; :meth:`get` gives it to the others.

        Raises:
          whatever ``read`` raises.
        """
        with self._lock:
            self._kept = None
        return self.get()

    def _read_noting_failure(self) -> T:
        try:
            return self._read()
        except Exception as error:
            self._failed = (time.monotonic(), error)
            raise
