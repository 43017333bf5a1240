"""Signals, received as words that the main thread waits for."""

from __future__ import annotations

import signal
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Literal

Word = Literal["stop", "reload"]

WORDS: dict[str, Word] = {"SIGTERM": "stop", "SIGINT": "stop", "SIGHUP": "reload"}


class Inbox:
    """The words that signals have brought. A second SIGTERM brings another "stop", which changes nothing.

    ``SimpleQueue.put`` may be called from a signal handler whatever the thread was doing; ``Event.set`` may not, since
    the handler can interrupt the very thread that holds its lock.
    """

    def __init__(self) -> None:
        self._words: SimpleQueue[Word] = SimpleQueue()

    def listen(self) -> None:
        for name, word in WORDS.items():
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, partial(self._hear, word))

    @staticmethod
    def close() -> None:
        """Ignore the signals from now on. When Python ends it takes handlers away, but leaves SIG_IGN as it is."""
        for name, word in WORDS.items():
            number = getattr(signal, name, None)
            if number is not None and word == "stop":
                signal.signal(number, signal.SIG_IGN)

    def _hear(self, word: Word, _number: int, _frame: FrameType | None) -> None:
        self._words.put(word)

    def wait(self, timeout_s: float) -> Word | None:
        """The next word; None when there was none in time."""
        try:
            return self._words.get(timeout=timeout_s)
        except Empty:
            return None
