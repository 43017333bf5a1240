"""The event log of a queue: switched on, and read in order, each event once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgpack
import redis

from middleware.commands import keys

MARK = "mark"

Event = list[Any]
"""A kind, a time in µs, an id (of a job or a window), and the words that go with the kind."""


class EventLog:
    """The event log of one queue.

    The first element is a mark of our own, which tells how many events were taken away before it. It keeps the key
    alive, and it tells after a lost answer whether the events that were read are still there.

    Every method raises redis.RedisError when Redis doesn't answer; it may then be called again.
    """

    def __init__(self, client: redis.Redis, queue: str) -> None:
        """``client`` must not decode answers."""
        self._client = client
        self._key = keys.event_log(queue)
        self.events_read = 0

    def switch_on(self) -> None:
        """From now on every move is logged."""
        if not self._client.exists(self._key):
            self._client.rpush(self._key, msgpack.packb([MARK, 0]))

    def read(self, most: int = 10_000) -> list[Event]:
        """The next events, at most so many; they are removed from Redis."""
        mark, *rows = self._client.lrange(self._key, 0, most)
        already_read = self.events_read - msgpack.unpackb(mark)[1]
        events = [msgpack.unpackb(row) for row in rows[already_read:]]
        self.events_read += len(events)
        if rows:
            self._remove(1 + len(rows))
        return events

    def _remove(self, elements: int) -> None:
        try:
            with self._client.pipeline(transaction=True) as both:
                both.ltrim(self._key, elements, -1)
                both.lpush(self._key, msgpack.packb([MARK, self.events_read]))
                both.execute()
        except redis.RedisError:
            return  # the mark tells the next read whether it happened


class Replays(Protocol):
    """Whatever goes through a history."""

    def replay(self, events: Iterable[Event]) -> None:
        """Go on with these events."""


def read_all(log: EventLog, *checkers: Replays) -> int:
    """Replay all that is in the log now; tells how many events that were."""
    total = 0
    while events := log.read():
        total += len(events)
        for checker in checkers:
            checker.replay(events)
    return total
