"""What wakes the main loop of the HTTP server, from signal handlers and threads."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue


class Interruption:
    """Takes the place of Granian's ``threading.Event``, which isn't made for signal handlers: a signal that comes while
    another one is handled finds its lock taken, and waits for it for ever; so does a process that was forked meanwhile.
    And a signal that comes just before :meth:`clear` would be lost.

    Parameters:
      is_final: whether nothing is to be waited for any more.
    """

    def __init__(self, is_final: Callable[[], bool]) -> None:
        self._is_final = is_final
        self._rung = SimpleQueue[None]()

    def set(self) -> None:
        """Wake whoever waits, or is about to."""
        self._rung.put(None)

    def clear(self) -> None:
        """Forget what has come so far."""
        while not self._rung.empty():
            self._rung.get()

    def wait(self) -> None:
        """Wait until it is set; not at all when it is final."""
        if not self._is_final():
            self._rung.get()
