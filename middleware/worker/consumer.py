"""What Dramatiq's consumer threads iterate over: claims for idle threads only, woken by a doorbell."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable

from dramatiq.broker import Consumer, MessageProxy

from ..commands import keys
from ..errors import RedisAwayError
from ..redis_link.backoff import Backoff
from ..redis_link.link import Link
from ..redis_link.outage import Outage
from .delivery import Delivery, delivery_of
from .idle_threads import IdleThreads
from .settling import Settler

BELL_TIMEOUT_S = 10
"""How long one BLPOP waits in Redis. Dramatiq's shorter time-outs are kept on our side of the connection."""
BELL_OVERDUE_S = 13
"""A connection counts as dead after this many seconds without an answer."""

LOOK_S = 0.1
"""How soon a consumer that doesn't claim notices that its worker goes on, or that it is to end."""

logger = logging.getLogger(__name__)


class Doorbell:
    """Waits for the token that says: idle workers should look at the stack."""

    def __init__(self, queue: str, link: Link) -> None:
        self._key = keys.doorbell(queue)
        self._link = link
        self._asked_at: float | None = None

    @property
    def is_watched(self) -> bool:
        """True while a token could come to this connection."""
        return self._asked_at is not None

    def heard(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` seconds; True if it rang.

        Raises:
          RedisAwayError: the connection is lost; a token may be lost with it.
        """
        if self._asked_at is None:
            self._link.send("BLPOP", self._key, BELL_TIMEOUT_S)
            self._asked_at = time.monotonic()
        answer = self._link.wait(timeout_s)
        if answer is None:
            if time.monotonic() - self._asked_at > BELL_OVERDUE_S:
                raise RedisAwayError("Redis doesn't answer the doorbell's BLPOP.")
            return False
        self._asked_at = None
        return answer[0] is not None

    def close(self) -> None:
        """Stop waiting and drop the connection."""
        self._asked_at = None
        self._link.close()


class LifoConsumer(Consumer):
    """Claims jobs of one queue whenever threads are idle, and settles them."""

    def __init__(
        self, settler: Settler, doorbell: Doorbell, idle_threads: IdleThreads, *, timeout_s: float, outage: Outage
    ) -> None:
        self._settler = settler
        self._doorbell = doorbell
        self._idle_threads = idle_threads
        self._timeout_s = timeout_s
        self._outage = outage
        self._ready: deque[Delivery] = deque()
        self._owes_a_look = False
        self._backoff = Backoff()

    def __next__(self) -> MessageProxy | None:
        """The next job, or None when none came within the time-out; inside a Worker always None, since its threads get
        their jobs from the settler in any case, whoever claimed them."""
        try:
            delivery = self._next()
        except RedisAwayError as error:
            self._wait_for_redis(error)
            return None
        if not self._backoff.is_fresh:
            self._backoff.reset()
            self._outage.succeeded()
        return delivery

    def ack(self, message: MessageProxy) -> None:
        """Settle a finished job: processed, or to be retried if its middleware noted so."""
        self._settler.settle(delivery_of(message))

    def nack(self, message: MessageProxy) -> None:
        """Settle a job that was given up: rejected."""
        self._settler.settle(delivery_of(message))

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Put jobs that weren't started back at their own places."""
        self._settler.put_back(map(delivery_of, messages))

    def close(self) -> None:
        """Put back what wasn't handed out, and leave the doorbell to others."""
        self.requeue([self._ready.popleft() for _ in range(len(self._ready))])
        try:
            self._leave_the_doorbell()
        except RedisAwayError as error:
            logger.debug("Woke nobody on queue %r: %s", self._settler.queue, error)
        finally:
            self._doorbell.close()

    def _next(self) -> Delivery | None:
        if not self._settler.is_claiming:
            self._leave_the_doorbell()
            time.sleep(min(self._timeout_s, LOOK_S))
            return None
        if self._ready:
            return self._ready.popleft()
        if not (self._owes_a_look or self._settler.may_have_jobs):
            if not self._doorbell.heard(self._timeout_s):
                return None
            self._owes_a_look = True
        if self._owes_a_look and self._idle_threads.idle == 0:
            # The token is ours, but others may have threads for it.
            self._settler.ring_again()
            self._owes_a_look = False
            self._settler.may_have_jobs = True
        taken = self._idle_threads.take(self._settler.queue, self._timeout_s)
        if not taken:
            return None
        self._owes_a_look = False
        claimed = self._settler.claim(taken)
        if self._settler.hands_out:
            self._settler.hand_out(claimed)
            return None
        self._ready.extend(claimed)
        return self._ready.popleft() if self._ready else None

    def _leave_the_doorbell(self) -> None:
        """Others have to hear the next token; the last one may have come here."""
        if self._owes_a_look or self._doorbell.is_watched:
            self._doorbell.close()
            self._owes_a_look = False
            self._settler.ring_again()

    def _wait_for_redis(self, error: RedisAwayError) -> None:
        self._outage.failed(error, self._backoff)
        self._doorbell.close()
        self._settler.may_have_jobs = True
        time.sleep(self._backoff.next_s())
