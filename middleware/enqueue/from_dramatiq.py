"""``python -m lastin.enqueue.from_dramatiq myapp.broker``: move what waits in Dramatiq's RedisBroker over.

The module is one of the program's own that sets a ``LifoBroker`` and the encoder, and declares the actors.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import dramatiq
import redis
from dramatiq.common import dq_name, q_name

from ..errors import DuplicateJobError

CHUNK = 100


@dataclass(slots=True)
class Moved:
    """What became of the messages of a queue. ``held``: workers have them; ``unreadable``: they stay where they are."""

    queue: str
    waiting: int = 0
    delayed: int = 0
    again: int = 0
    held: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        words = [f"{self.queue}: {self.waiting} waiting and {self.delayed} delayed messages moved"]
        if self.again:
            words.append(f"{self.again} of them had been moved before")
        if self.unreadable:
            words.append(f"{self.unreadable} stay: they can't be read, or have too long an id")
        if self.held:
            words.append(f"{self.held} are held by workers of Dramatiq's: stop these, and run this again")
        return "; ".join(words) + "."


class StockQueue:
    """Reads the keys that Dramatiq has for a queue: a list of ids, the first of which is the oldest, and a hash of
    messages."""

    def __init__(self, client: redis.Redis, namespace: str, name: str) -> None:
        self._client = client
        self._ids = f"{namespace}:{name}"
        self._bodies = f"{self._ids}.msgs"

    def messages(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Ids and messages, the oldest first; :meth:`forget` may be called meanwhile."""
        ids = self._client.lrange(self._ids, 0, -1)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            yield from zip(chunk, self._client.hmget(self._bodies, cast("list[Any]", chunk)), strict=True)

    def forget(self, id: bytes) -> None:
        """It has been moved."""
        with self._client.pipeline() as together:
            together.lrem(self._ids, 1, cast("str", id))
            together.hdel(self._bodies, cast("str", id))
            together.execute()

    def count_held(self) -> int:
        """Messages that are in no list, since workers have them, or had when they were killed."""
        return max(0, self._client.hlen(self._bodies) - self._client.llen(self._ids))


def move(client: redis.Redis, broker: dramatiq.Broker, queues: Iterable[str], *, namespace: str) -> Iterator[Moved]:
    """Move the waiting messages of these queues, one after the other, the oldest first, so that the newest is on top
    again. Each is accepted before it is forgotten: what is interrupted can be run again, and moves nothing twice.

    Raises:
      RedisAwayError: patience ended; run it again.
    """
    for name in queues:
        moved = Moved(name)
        for of_stock in (name, dq_name(name)):
            stock = StockQueue(client, namespace, of_stock)
            moved.held += stock.count_held()
            for id, body in stock.messages():
                if body is not None:  # else a worker has taken it meanwhile
                    _move(broker, stock, id, body, moved, is_delayed=of_stock != name)
        yield moved


def _move(
    broker: dramatiq.Broker, stock: StockQueue, id: bytes, body: bytes, moved: Moved, *, is_delayed: bool
) -> None:
    try:
        message: dramatiq.Message[Any] = dramatiq.Message.decode(body)
        options = {name: value for name, value in message.options.items() if name != "redis_message_id"}
        broker.enqueue(replace(message, queue_name=q_name(message.queue_name), options=options))
    except DuplicateJobError:
        moved.again += 1
    except (dramatiq.errors.DecodeError, ValueError):
        moved.unreadable += 1
        return
    stock.forget(id)
    if is_delayed:
        moved.delayed += 1
    else:
        moved.waiting += 1


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 all was moved; 3 some was left, and is told."""
    parser = argparse.ArgumentParser(prog="python -m lastin.enqueue.from_dramatiq", description=__doc__)
    parser.add_argument("module", help="the program's module that sets its LifoBroker and declares its actors")
    parser.add_argument("--redis", required=True, metavar="URL", help="where RedisBroker has its messages")
    parser.add_argument("--namespace", default="dramatiq", help="RedisBroker's namespace (dramatiq)")
    parser.add_argument("--queue", action="append", metavar="NAME", help="only this queue (several times: these)")
    asked = parser.parse_args(arguments)
    importlib.import_module(asked.module)
    broker = dramatiq.get_broker()
    queues = asked.queue or sorted(broker.get_declared_queues())
    is_left = False
    with redis.Redis.from_url(asked.redis) as client:
        for moved in move(client, broker, queues, namespace=asked.namespace):
            print(moved)  # noqa: T201 -- a command
            is_left |= moved.held + moved.unreadable > 0
    return 3 if is_left else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
