"""Settling and claiming the jobs of one queue in a worker process: many threads, one connection to Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from ..commands.queue_commands import QueueCommands, SettleAnswer
from ..commands.types import Claim, Settlement, Token
from ..errors import RedisAwayError, UndecodableMessageError
from ..messages import decoded
from ..redis_link.link import Link
from ..words import counted
from .delivery import Delivery, KeepProgress, encoded_failure, put_back, unkept
from .ended import MANY, Leaving, OnEnded
from .held import HeldDeliveries
from .idle_threads import IdleThreads
from .lock import WaitersFirstLock
from .outbox import Call, Outbox

logger = logging.getLogger(__name__)


class Settler:
    """Settles and claims the jobs of one queue in a worker process. It outlives the consumer objects, which Dramatiq
    replaces after errors.

    Settling is combined: threads leave their settlements, and whichever finds the lock free sends all that wait
    and claims for the same number of threads in the same call. What comes back goes to ``deliver``, while the next such
    call is under way already; a settler without one claims nothing by settling. While ``is_paused`` says so, it claims
    nothing at all.
    """

    def __init__(
        self,
        commands: QueueCommands,
        link: Link,
        *,
        worker: str,
        lease_us: int,
        idle_threads: IdleThreads,
        deliver: Callable[[Delivery], None] | None,
        on_due: Callable[[int], None],
        is_paused: Callable[[], bool] = lambda: False,
        keep_progress: KeepProgress = unkept,
        on_ended: OnEnded | None = None,
    ) -> None:
        self.queue = commands.queue
        self.held = HeldDeliveries()
        self.may_have_jobs = True
        self._commands = commands
        self._link = link
        self._worker = worker
        self._lease_us = lease_us
        self._idle_threads = idle_threads
        self._deliver = deliver
        self._on_due = on_due
        self._is_paused = is_paused
        self._keep_progress = keep_progress
        self._is_stopping = False
        self._outbox = Outbox(commands, link, worker=worker, lease_us=lease_us, on_ended=on_ended)
        self._lock = WaitersFirstLock()

    @property
    def is_claiming(self) -> bool:
        """False while the worker is paused, and when it shuts down."""
        return not self._is_stopping and not self._is_paused()

    @property
    def hands_out(self) -> bool:
        """Whether it gives jobs to the threads of a worker by itself."""
        return self._deliver is not None

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
                    self._on_due(self._commands.ring_again()[0])  # whoever woke this worker meant one that works on
        finally:
            self._idle_threads.give(wanted - len(deliveries))
        self._send_what_waits()
        return deliveries

    def settle(self, delivery: Delivery, settlement: Settlement | None = None) -> None:
        """Leave the end of a delivery to be settled; this thread sends it, or the one that has the lock."""
        if self._outbox.is_closed or not self.held.leave(delivery):
            return
        delivery.ended_at = time.monotonic()
        self._outbox.add(settlement or delivery.settlement(), delivery)
        self._send_what_waits()

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Put jobs that weren't run back at their own places. During a shutdown, which mustn't wait for Redis, it is
        left to :meth:`close`."""
        if not self._is_stopping:
            for delivery in deliveries:
                self.settle(delivery, put_back(delivery))

    def hand_out(self, deliveries: Iterable[Delivery]) -> None:
        """Give jobs to the worker's threads. One that can't be given is rejected with the reason: it would come back
        at once, again and again."""
        for delivery in deliveries:
            try:
                if self._deliver is not None:
                    self._deliver(delivery)
            except Exception as error:
                logger.exception("Job %s of queue %r can't be given to a thread.", delivery.message_id, self.queue)
                delivery.fail()
                delivery.stuff_exception(error)
                self.settle(delivery)

    def give_up(self, delivery: Delivery) -> None:
        """Renew the lease of a hung task no longer: the job goes its way when it ends, and its thread is lost until the
        task comes back."""
        delivery.is_hung, delivery.has_lease = True, False
        self._idle_threads.lose(delivery)

    def ring_again(self) -> None:
        """Ring the doorbell again for other workers, since this one has no idle thread.

        Raises:
          RedisAwayError: nobody was woken; the maintenance will.
        """
        try:
            with self._lock:
                self._on_due(self._commands.ring_again()[0])
        finally:
            # All threads are busy: if the last of them left its settlement meanwhile, nobody else would ever send it.
            self._send_what_waits()

    def stop_claiming(self) -> None:
        """From now on only settle: the worker shuts down."""
        self._is_stopping = True

    def close(self) -> None:
        """Put back whatever is still held, and drop the connection.

        Jobs that still run lose their lease by it: what they do from now on isn't settled.
        """
        self._outbox.close()
        back = 0
        try:
            with self._lock:
                for held in self.held.all():
                    if self.held.leave(held):
                        self._outbox.add(put_back(held), held)
                back = self._outbox.send_rest(self._forget)
                self._recover()
        except RedisAwayError as error:
            logger.warning("Couldn't put %d jobs back (%s); their leases will run out.", len(self.held), error)
        finally:
            self._link.close()
        self._outbox.ended.report()
        if back:
            jobs = counted(back, "job")
            logger.info("Put back %s of queue %s, to run again.", jobs, self.queue, extra={"put_back": back})

    def _send_what_waits(self) -> None:
        at_least = MANY
        while self._outbox and self._lock.take_if_free():
            try:
                self._send_calls()
            finally:
                self._lock.leave()
            at_least = 1
        self._outbox.ended.report(at_least)

    def _send_calls(self) -> None:
        """Send what waits, again and again, unless somebody else waits for the lock. The next call is sent before what
        the last one brought is made ready, so that Redis works meanwhile."""
        call = self._outbox.begin(self._to_claim)
        while call:
            ended, (answer, claimed_for) = call, self._answer(call)
            call = None
            try:
                if not self._lock.is_wanted:
                    call = self._outbox.begin(self._to_claim)
            finally:
                self._outbox.ended.note(ended.leaving, answer.stale())
                self._forget(ended.leaving)
            try:
                deliveries = self._received(answer.claim()) if claimed_for else []
                self._idle_threads.give(ended.freed - len(deliveries))
                self.hand_out(deliveries)
            except BaseException:
                self._outbox.lose(call)
                raise

    def _answer(self, call: Call) -> tuple[SettleAnswer, int]:
        """As :meth:`Outbox.answer`; if there is none, what the call was to settle is looked after."""
        try:
            return self._outbox.answer(call)
        except RedisAwayError:
            self._outbox.lose(call)  # the settler closes, and close() has the last word
            raise
        except Exception:
            # Waiting heals nothing here: these jobs' leases will run out, and their threads are needed.
            self._forget(call.leaving)
            self._idle_threads.give(call.freed)
            raise
        except BaseException:  # a time limit, say
            self._outbox.lose(call)
            raise
        finally:
            self.may_have_jobs |= self._outbox.claim_was_lost

    def _forget(self, leaving: list[Leaving]) -> None:
        for _, delivery in leaving:
            if delivery is not None:
                self.held.remove(delivery)
                if delivery.is_hung:
                    self._idle_threads.find(delivery)

    def _to_claim(self, freed: int) -> int:
        """For how many of the threads that become idle the settling call claims."""
        if not self.is_claiming or self._outbox.claim_was_lost or self._deliver is None:
            return 0
        return freed - self._idle_threads.handovers(self.queue, freed)

    def _claim_once(self, wanted: int) -> Claim:
        word = "more"
        while word == "more":
            try:
                claim = self._commands.claim(self._worker, self._lease_us, wanted)
            except RedisAwayError:
                self._outbox.claim_was_lost = True
                raise
            word = claim.word
        return claim

    def _recover(self) -> None:
        if self._outbox.claim_was_lost:
            found = self._commands.recover(self._worker, self.held.tokens())
            self._outbox.claim_was_lost = False
            if found:
                logger.info("Put back %d jobs of queue %r whose claim this worker never heard of.", found, self.queue)

    def _received(self, claim: Claim) -> list[Delivery]:
        self._on_due(claim.until_due_us)
        self.may_have_jobs = claim.word in ("open", "more")
        window = None if claim.window is None else f"{self.queue}.{claim.window}"
        received = [
            self._delivery((id, number), body, attempt, wait_us, window)
            for (id, number, body), attempt, wait_us in zip(claim.jobs, claim.attempts, claim.waits_us, strict=True)
        ]
        return [delivery for delivery in received if delivery is not None]

    def _delivery(self, token: Token, body: bytes, attempt: int, wait_us: int, window: str | None) -> Delivery | None:
        """What a thread gets for a claimed job; None when a thread runs it already, or nobody can."""
        if self.held.renew(token, attempt=attempt, window=window):
            logger.warning("Job %s of queue %r lost its lease while it ran here; it goes on.", token[0], self.queue)
            return None
        try:
            message = decoded(self.queue, token[0], body)
        except UndecodableMessageError as error:
            failure = encoded_failure(error)
            self._outbox.add(Settlement(*token, "rejected", reason="undecodable", failure=failure), None)
            return None
        delivery = Delivery(
            message, token[1], attempt=attempt, wait_us=wait_us, window=window, keep_progress=self._keep_progress
        )
        self.held.add(delivery)
        return delivery
