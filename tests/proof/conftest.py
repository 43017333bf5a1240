"""Queues whose every move is logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from ..middleware.scripted import ScriptedQueue
from .event_log import EventLog, read_all
from .history import HistoryChecker
from .kept import compare


class LoggedQueue(ScriptedQueue):
    """A queue driven by its scripts alone, and its history."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.raw = redis.Redis.from_url(url)
        self.log = EventLog(self.raw, self.name)
        self.log.switch_on()
        self.checker = HistoryChecker(self.name)

    def checked(self) -> HistoryChecker:
        """The checker, after all that has happened so far."""
        read_all(self.log, self.checker)
        compare(self.checker, self.raw)
        return self.checker

    def close(self) -> None:
        """Drop the connections."""
        self.raw.close()
        super().close()


@pytest.fixture
def logged(redis_url: str) -> Iterator[LoggedQueue]:
    """A continuous queue on a clock of the test's own."""
    queue = LoggedQueue(redis_url)
    yield queue
    queue.close()
