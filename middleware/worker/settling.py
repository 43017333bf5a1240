"""Where a worker process claims and settles the jobs of one queue: the deliveries it holds, and the line to Redis."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, NoReturn

from ..commands.queue_commands import QueueScripts
from ..commands.types import Claim, Settlement
from ..errors import RedisAwayError, UndecodableMessageError
from ..messages import decoded
from ..redis_link.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, Link
from .delivery import Delivery, encoded_failure, put_back
from .idle_threads import IdleThreads
from .lock import WaitersFirstLock

LARGEST_TURN = 64
"""So many settlements go into one call at most."""

logger = logging.getLogger(__name__)


class _Turn(NamedTuple):
    """A call under way: what it settles, how many threads that makes idle, for how many of them it claims, and what
    waits for its answer."""

    settlements: list[Settlement]
    freed: int
    wanted: int
    answer: Callable[[], tuple[Claim, int]]


class Settler:
    """One per queue and worker process. It outlives the consumer objects, which Dramatiq replaces after errors.

    Settling is combined: threads leave their settlements, and whichever finds the line free sends all that lie there
    and claims for the same number of threads in the same call. What comes back goes to ``deliver``, while the next such
    call is under way already; a settler without one claims nothing by settling. While ``is_paused`` says so, it claims
    nothing at all.
    """

    def __init__(
        self,
        scripts: QueueScripts,
        link: Link,
        *,
        worker: str,
        lease_us: int,
        idle_threads: IdleThreads,
        deliver: Callable[[Delivery], None] | None,
        on_due: Callable[[int], None],
        is_paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.queue = scripts.queue
        self.held: dict[tuple[str, int], Delivery] = {}
        self.may_have_jobs = True
        self._scripts = scripts
        self._link = link
        self._worker = worker
        self._lease_us = lease_us
        self._idle_threads = idle_threads
        self._deliver = deliver
        self._on_due = on_due
        self._is_paused = is_paused
        self._is_stopping = False
        self._left: deque[Settlement] = deque()
        self._lock = WaitersFirstLock()
        self._claim_was_lost = False
        self._closed = threading.Event()

    @property
    def is_claiming(self) -> bool:
        """False while the worker is paused, and when it shuts down."""
        return not self._is_stopping and not self._is_paused()

    def claim(self, wanted: int) -> list[Delivery]:
        """Claim for ``wanted`` idle threads, which the caller has taken; those without a job are given back.

        Raises:
          RedisAwayError: nothing was claimed, as far as this worker knows; the threads are given back.
        """
        deliveries: list[Delivery] = []
        try:
            with self._lock:
                if self.is_claiming:
                    self._recover()
                    deliveries = self._received(self._claim_once(wanted))
                else:
                    self._on_due(self._scripts.ring_again())  # whoever woke this worker meant one that works on
        finally:
            self._idle_threads.give(wanted - len(deliveries))
        self._send_what_lies_there()
        return deliveries

    def settle(self, settlement: Settlement) -> None:
        """Leave a settlement; it is sent by this thread or by the one that has the line."""
        if self._closed.is_set():
            return
        self._left.append(settlement)
        self._send_what_lies_there()

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Put jobs that weren't run back at their own places. During a shutdown, which mustn't wait for Redis, it is
        left to :meth:`close`."""
        if not self._is_stopping:
            for delivery in deliveries:
                self.settle(put_back(delivery))

    def look(self) -> None:
        """Ring the doorbell again for other workers, since this one has no idle thread.

        Raises:
          RedisAwayError: nobody was woken; the maintenance will.
        """
        try:
            with self._lock:
                self._on_due(self._scripts.ring_again())
        finally:
            # All threads are busy: if the last of them left its settlement meanwhile, nobody else would ever send it.
            self._send_what_lies_there()

    def stop_claiming(self) -> None:
        """From now on only settle: the worker shuts down."""
        self._is_stopping = True

    def close(self) -> None:
        """Put back whatever is still held, and drop the line.

        Jobs that still run lose their lease by it: what they do from now on isn't settled.
        """
        self._closed.set()
        try:
            with self._lock:
                ended = {(s.id, s.number) for s in self._left}
                self._left.extend(put_back(held) for token, held in list(self.held.items()) if token not in ended)
                while leftovers := self._drained():
                    self._scripts.settle(leftovers, self._worker, self._lease_us, 0)
                    self._forget(leftovers)
                self._recover()
        except RedisAwayError as error:
            logger.warning("Couldn't put %d jobs back (%s); their leases will run out.", len(self.held), error)
        finally:
            self._link.close()

    def _send_what_lies_there(self) -> None:
        while self._left and self._lock.take_if_free():
            try:
                self._take_turns()
            finally:
                self._lock.leave()

    def _take_turns(self) -> None:
        """Send what lies there, again and again, unless somebody else waits for the line. The next call is sent before
        what the last one brought is made ready, so that Redis works meanwhile."""
        turn = self._begin_turn()
        while turn:
            ended, claim = turn, self._end_turn(turn)
            turn = None if self._lock.is_wanted else self._begin_turn()
            try:
                deliveries = self._received(claim) if claim else []
                self._idle_threads.give(ended.freed - len(deliveries))
                self._hand_out(deliveries)
            except BaseException:
                self._lose(turn)
                raise

    def _begin_turn(self) -> _Turn | None:
        settlements = self._drained()
        if not settlements:
            return None
        freed = sum((s.id, s.number) in self.held for s in settlements)
        wanted = freed - self._idle_threads.handovers(self.queue, freed) if self._may_claim() else 0
        try:
            answer = self._scripts.begin_settling(settlements, self._worker, self._lease_us, wanted)
        except Exception as error:  # it is heard where the answer would be: the last turn has to be ended first
            answer = _raising(error)
        return _Turn(settlements, freed, wanted, answer)

    def _end_turn(self, turn: _Turn) -> Claim | None:
        """What the turn claimed; None if it was to claim nothing, or its answer was lost."""
        try:
            claim, wanted = self._settled_for_sure(turn)
        except RedisAwayError:
            self._lose(turn)  # the settler closes, and close() has the last word
            raise
        except Exception:
            # Waiting heals nothing here: these jobs' leases will run out, and their threads are needed.
            self._forget(turn.settlements)
            self._idle_threads.give(turn.freed)
            raise
        except BaseException:  # a time limit, say
            self._lose(turn)
            raise
        self._forget(turn.settlements)
        return claim if wanted else None

    def _lose(self, turn: _Turn | None) -> None:
        """Nobody will hear the answer of a call that is under way: what it settles is sent again with the next one."""
        if turn is not None:
            self._link.close()
            self._claim_was_lost |= turn.wanted > 0
            self._left.extendleft(reversed(turn.settlements))

    def _forget(self, settlements: list[Settlement]) -> None:
        for s in settlements:
            self.held.pop((s.id, s.number), None)

    def _drained(self) -> list[Settlement]:
        drained: list[Settlement] = []
        while self._left and len(drained) < LARGEST_TURN:
            drained.append(self._left.popleft())
        return drained

    def _may_claim(self) -> bool:
        return self.is_claiming and not self._claim_was_lost and self._deliver is not None

    def _settled_for_sure(self, turn: _Turn) -> tuple[Claim, int]:
        """The answer of a turn, and for how many it claimed. While Redis is away, it waits; a call that is sent again
        claims nothing, since a claim that was lost would stay unknown."""
        pause_s = FIRST_PAUSE_S
        answer, wanted = turn.answer, turn.wanted
        while True:
            try:
                claim, stale = answer()
            except RedisAwayError as error:
                if wanted:
                    self._claim_was_lost = self.may_have_jobs = True
                    wanted = 0
                logger.warning("%d settlements on queue %r wait: %s", len(turn.settlements), self.queue, error)
                if self._closed.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                answer = partial(self._scripts.settle, turn.settlements, self._worker, self._lease_us, 0)
                continue
            if stale:
                logger.warning("%d settlements on queue %r were stale: their leases had run out.", stale, self.queue)
            return claim, wanted

    def _claim_once(self, wanted: int) -> Claim:
        word = "more"
        while word == "more":
            try:
                claim = self._scripts.claim(self._worker, self._lease_us, wanted)
            except RedisAwayError:
                self._claim_was_lost = True
                raise
            word = claim.word
        return claim

    def _recover(self) -> None:
        if self._claim_was_lost:
            found = self._scripts.recover(self._worker, list(self.held))
            self._claim_was_lost = False
            if found:
                logger.info("Put back %d jobs of queue %r whose claim this worker never heard of.", found, self.queue)

    def _received(self, claim: Claim) -> list[Delivery]:
        self._on_due(claim.until_due_us)
        self.may_have_jobs = claim.word in ("open", "more")
        deliveries = []
        window = None if claim.window is None else f"{self.queue}.{claim.window}"
        for (id, number, body), attempt in zip(claim.jobs, claim.attempts, strict=True):
            try:
                delivery = Delivery(decoded(self.queue, id, body), number, attempt=attempt, window=window)
            except UndecodableMessageError as error:
                self._left.append(
                    Settlement(id, number, "rejected", reason="undecodable", failure=encoded_failure(error))
                )
                continue
            self.held[delivery.token] = delivery
            deliveries.append(delivery)
        return deliveries

    def _hand_out(self, deliveries: list[Delivery]) -> None:
        if self._deliver is not None:
            for delivery in deliveries:
                self._deliver(delivery)


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail
