"""The deliveries that a worker process holds, from their claim to the answer that settles them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..commands.types import Token
from .delivery import Delivery


class HeldDeliveries:
    """Those of one queue, at most one for each job."""

    def __init__(self) -> None:
        self._of_job: dict[str, Delivery] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._of_job)

    def __contains__(self, delivery: Delivery) -> bool:
        return self._of_job.get(delivery.message_id) is delivery

    def get(self, id: str) -> Delivery | None:
        """The delivery of a job, None when it isn't held here."""
        return self._of_job.get(id)

    def all(self) -> list[Delivery]:
        """A copy, safe while other threads add and remove."""
        return list(self._of_job.values())

    def tokens(self) -> list[Token]:
        """What this worker knows that it was given."""
        return [held.token for held in self.all()]

    def tokens_to_renew(self) -> list[Token]:
        """Those whose leases are to be renewed."""
        return [held.token for held in self.all() if held.has_lease]

    def add(self, delivery: Delivery) -> None:
        """Hold it from now on."""
        self._of_job[delivery.message_id] = delivery

    def renew(self, token: Token, *, attempt: int, window: str | None) -> bool:
        """A job was claimed that a thread of this process still runs, since its lease had run out, or the claim was
        lost in a failover: go on under the new lease instead of running a second copy. False: no thread runs it."""
        with self._lock:
            held = self._of_job.get(token[0])
            if held is None or held.is_leaving or held.is_hung:
                return False
            held.token, held.attempt, held.window, held.has_lease = token, attempt, window, True
            return True

    def leave(self, delivery: Delivery) -> bool:
        """Its end is to be settled, under the token that it has now. False: that was said before."""
        with self._lock:
            is_first, delivery.is_leaving = not delivery.is_leaving, True
            return is_first

    def remove(self, delivery: Delivery) -> None:
        """Its settlement was answered, or it was given up."""
        if delivery in self:
            del self._of_job[delivery.message_id]

    def lose_lease(self, id: str) -> None:
        """The server doesn't know its token any more: renew it no longer. Its thread runs on, for nothing."""
        if (held := self._of_job.get(id)) is not None:
            held.has_lease = False

    def hung(self, longest_s: Callable[[Delivery], float]) -> list[Delivery]:
        """Those whose task has run for longer than it may, and that aren't known as hung yet."""
        now = time.monotonic()
        running = [held for held in self.all() if not (held.is_leaving or held.is_hung)]
        return [held for held in running if now - held.running_since >= longest_s(held)]
