"""The queue between a worker's consumers and its threads.

Dramatiq's is a ``PriorityQueue``, written in Python; all jobs of ours are equal, and to hand one over is a good part of
what a small job costs. ``SimpleQueue`` is written in C, but on Python 3.11 and 3.12 its ``get`` with a timeout can wait
for ever when threads race for an item: 3.13 rewrote it. So nobody here waits with a timeout.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_WAKE: Any = object()
"""No item: whoever gets it looks whether it is to end."""


class WorkQueue(Generic[T]):
    """As ``queue.Queue``, as far as Dramatiq's worker uses it: the item that was put first comes first.

    ``threads``: how many get items. As long as nothing comes, each of them is woken once in the timeout that it gives.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._items: SimpleQueue[T] = SimpleQueue()
        self._lock = threading.Lock()
        self._done = threading.Condition(self._lock)
        self._closed = threading.Event()
        self._waker: threading.Thread | None = None
        self.unfinished_tasks = 0
        self.qsize = self._items.qsize
        self.empty = self._items.empty

    def put(self, item: T) -> None:
        """Give an item to whichever thread is idle."""
        with self._lock:
            self.unfinished_tasks += 1
        self._items.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Take the item that was put first.

        Raises:
          queue.Empty: none came for about ``timeout`` seconds, or there is none and ``block`` is False.
        """
        if not block:
            return self.get_nowait()
        if timeout is not None and self._waker is None:
            self._start_waker(timeout)
        item = self._items.get()
        if item is _WAKE:
            raise Empty
        return item

    def get_nowait(self) -> T:
        """Take the item that was put first.

        Raises:
          queue.Empty: there is none.
        """
        while (item := self._items.get_nowait()) is _WAKE:
            pass
        return item

    def task_done(self) -> None:
        """An item that was taken is done with."""
        with self._lock:
            self.unfinished_tasks -= 1
            if not self.unfinished_tasks:
                self._done.notify_all()

    def join(self) -> None:
        """Wait until everything that was put is done with."""
        with self._lock:
            while self.unfinished_tasks:
                self._done.wait()

    def close(self) -> None:
        """Wake nobody any more, after once."""
        self._closed.set()

    def _start_waker(self, every_s: float) -> None:
        with self._lock:
            if self._waker is None:
                self._waker = threading.Thread(target=self._wake, args=(every_s,), name="lastin-waker", daemon=True)
                self._waker.start()

    def _wake(self, every_s: float) -> None:
        is_over = False
        while not is_over:
            is_over = self._closed.wait(every_s)
            for _ in range(self._threads - self._items.qsize()):
                self._items.put(_WAKE)
