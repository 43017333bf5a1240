"""Settlements that wait to be sent, and the calls that send them: many together, one call after the other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, NoReturn

from ..commands.queue_commands import QueueCommands, SettleAnswer
from ..commands.types import Settlement
from ..errors import RedisAwayError
from ..redis_link.backoff import Backoff
from ..redis_link.link import Link
from ..words import counted
from .delivery import Delivery
from .ended import EndedAttempts, Leaving, OnEnded

LARGEST_CALL = 64
"""The most settlements that go into one call."""

logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """A call under way: what it settles, how many threads that makes idle, for how many of them it claims, and what
    waits for its answer."""

    leaving: list[Leaving]
    freed: int
    wanted: int
    answer: Callable[[], SettleAnswer]


class Outbox:
    """The settlements of one queue in a worker process, which any thread may add. Whoever has the settler's lock sends
    them.

    ``claim_was_lost``: a call may have claimed jobs that this worker never heard of; ``ended``: the attempts that Redis
    has settled.
    """

    def __init__(
        self, commands: QueueCommands, link: Link, *, worker: str, lease_us: int, on_ended: OnEnded | None = None
    ) -> None:
        self.claim_was_lost = False
        self.ended = EndedAttempts(commands.queue, on_ended)
        self._commands = commands
        self._link = link
        self._worker = worker
        self._lease_us = lease_us
        self._waiting: deque[Leaving] = deque()
        self._closed = threading.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_closed(self) -> bool:
        """True once nothing is repeated any more."""
        return self._closed.is_set()

    def add(self, settlement: Settlement, delivery: Delivery | None) -> None:
        """Leave it to be sent."""
        self._waiting.append(Leaving(settlement, delivery))

    def begin(self, to_claim: Callable[[int], int]) -> Call | None:
        """Send what waits, or the first part of it; None: nothing waits. ``to_claim``: for how many of the threads that
        become idle the call claims."""
        if not (leaving := self._first()):
            return None
        freed = sum(one.delivery is not None for one in leaving)
        wanted = to_claim(freed)
        try:
            answer = self._commands.begin_settling(_settlements(leaving), self._worker, self._lease_us, wanted)
        except Exception as error:  # it is raised where the answer would be: the last call has to be ended first
            answer = _raising(error)
        return Call(leaving, freed, wanted, answer)

    def answer(self, call: Call) -> tuple[SettleAnswer, int]:
        """The answer of a call, and for how many threads it claimed. While Redis is away, it is sent again, and then
        claims nothing: a claim that was lost would stay unknown.

        Raises:
          RedisAwayError: the outbox was closed meanwhile.
        """
        try:
            return call.answer(), call.wanted
        except RedisAwayError as error:
            self.claim_was_lost |= call.wanted > 0
            waiting, queue = counted(len(call.leaving), "settlement"), self._commands.queue
            logger.warning("Queue %s: no answer to %s, which will be sent again.", queue, waiting)
            return self._repeat(call, error), 0

    def _repeat(self, call: Call, error: RedisAwayError) -> SettleAnswer:
        backoff, settlements = Backoff(), _settlements(call.leaving)
        while not self._closed.wait(backoff.next_s()):
            try:
                return self._commands.begin_settling(settlements, self._worker, self._lease_us, 0)()
            except RedisAwayError as again:
                error = again
        raise error

    def lose(self, call: Call | None) -> None:
        """Nobody will hear the answer of a call that is under way: what it settles is sent again with the next one."""
        if call is not None:
            self._link.close()
            self.claim_was_lost |= call.wanted > 0
            self._waiting.extendleft(reversed(call.leaving))

    def close(self) -> None:
        """From now on nothing is repeated: :meth:`send_rest` has the last word."""
        self._closed.set()

    def send_rest(self, on_sent: Callable[[list[Leaving]], None]) -> int:
        """Send all that waits, and claim nothing.

        Returns: how many jobs were put back.

        Raises:
          RedisAwayError: the rest isn't settled.
        """
        back = 0
        while leaving := self._first():
            _, stale = self._commands.settle(_settlements(leaving), self._worker, self._lease_us, 0)
            self.ended.note(leaving, stale)
            on_sent(leaving)
            back += sum(one.settlement.outcome == "put_back" for one in leaving) - len(stale)
        return back

    def _first(self) -> list[Leaving]:
        first: list[Leaving] = []
        while self._waiting and len(first) < LARGEST_CALL:
            first.append(self._waiting.popleft())
        return first


def _settlements(leaving: Iterable[Leaving]) -> list[Settlement]:
    return [one.settlement for one in leaving]


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail
