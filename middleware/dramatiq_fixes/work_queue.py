"""Deliveries on their way to the threads of a worker."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class WorkQueue(Generic[T]):
    """Takes the place of a Dramatiq worker's queue of work, with the same methods but no priorities, since all jobs of
    ours are equal: the standard library's ``SimpleQueue`` is written in C, its ``PriorityQueue`` in Python."""

    def __init__(self) -> None:
        self._items: SimpleQueue[T] = SimpleQueue()
        self._changed = threading.Condition(threading.Lock())
        self.unfinished_tasks = 0
        self.get_nowait = self._items.get_nowait
        self.empty = self._items.empty
        self.qsize = self._items.qsize

    def put(self, item: T) -> None:
        """Give an item to whichever thread is idle."""
        with self._changed:
            self.unfinished_tasks += 1
        self._items.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Take the item that was put first.

        Raises:
          queue.Empty: none came in time.
        """
        return self._items.get(block, timeout)

    def task_done(self) -> None:
        """An item that was taken is done with."""
        with self._changed:
            self.unfinished_tasks -= 1
            if not self.unfinished_tasks:
                self._changed.notify_all()

    def join(self) -> None:
        """Wait until everything that was put is done with."""
        with self._changed:
            while self.unfinished_tasks:
                self._changed.wait()
