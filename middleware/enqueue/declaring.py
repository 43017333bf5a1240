"""What a program may declare: queues whose names fit, and actors that are all equal within their queue."""

from __future__ import annotations

from typing import Any

import dramatiq

from ..commands import keys
from ..dramatiq_fixes.hooks import HookedBroker
from ..errors import UnknownQueueError
from .fresh_work import TASK_OPTIONS, FreshWork


def check_name(queue: str) -> None:
    """
    Raises:
      ValueError: it isn't the name of a queue.
    """
    if not keys.QUEUE_NAME.fullmatch(queue):
        raise ValueError(
            f"A queue's name has 1 to 64 letters, digits, dots, dashes and underscores and begins with a letter "
            f"or an underscore; {queue!r} doesn't fit."
        )


class DeclaringBroker(HookedBroker):
    """A broker that knows what its program has declared."""

    def __init__(self, middleware: list[dramatiq.Middleware]) -> None:
        self.fresh_work = FreshWork()
        super().__init__(middleware)
        self.actor_options |= TASK_OPTIONS

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue: a stack of its own.

        Raises:
          ValueError: the name isn't one.
        """
        check_name(queue_name)
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def declare_actor(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Declare an actor and its queue.

        Raises:
          ValueError: it has a priority, which would break the order within the queue; or what it says
            of deadlines or subjects makes no sense.
        """
        if actor.priority != 0:
            raise ValueError(
                f"Actor {actor.actor_name!r} has priority {actor.priority}, but within a queue the newest job runs "
                f"first and all are equal: leave the priority out, or give the actor a queue of its own."
            )
        self.fresh_work.declare(actor)
        super().declare_actor(actor)

    def require(self, queue: str) -> None:
        """
        Raises:
          UnknownQueueError: no actor of this program declares the queue.
        """
        if queue not in self.queues:
            raise UnknownQueueError(
                f"No actor declares queue {queue!r}; there are: {', '.join(sorted(self.queues)) or 'none'}."
            )
