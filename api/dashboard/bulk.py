"""Changing all jobs that match: it goes on by itself in this process, and Redis holds how far it is, so that any
process can tell and nobody has to wait for it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

import orjson
from uuid_utils import uuid7

from middleware.commands import keys
from middleware.errors import LastInError
from middleware.store.filters import JobFilter
from tasks import broker

logger = logging.getLogger(__name__)

Action = Literal["cancel", "retry"]
CHUNK = 2_000
"""Jobs between two reports."""
KEPT_S = 3600
SILENCE_S = 30.0
"""After so long without a report the process that did it is gone."""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """How far it is. ``total``: how many there were at its beginning, where that was known; ``asked``: how many of
    those that are done run, and were asked to stop; ``at_s``: when it was reported, by the clock of the process that
    does it."""

    id: str
    action: Action
    says: str
    address: str
    total: int | None
    done: int = 0
    asked: int = 0
    is_over: bool = False
    error: str = ""
    at_s: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nobody goes on with it any more."""
        return not self.is_over and time.time() - self.at_s > SILENCE_S


def begin(action: Action, where: JobFilter, *, reason: str, says: str, address: str, total: int | None) -> BulkAction:
    """Begin to change all jobs that match and were accepted until now. ``address``: where the list is that it is about.

    Raises:
      RedisAwayError: Redis doesn't answer; nothing was begun.
    """
    started = BulkAction(str(uuid7()), action, says, address, total, at_s=time.time())
    _report(started)
    now_us = time.time_ns() // 1000
    before_us = min(where.created_before_us or now_us, now_us)
    where = replace(where, created_before_us=before_us)
    threading.Thread(target=_carry_out, args=(started, where, reason), name="lastin-bulk", daemon=True).start()
    return started


def find(id: str) -> BulkAction | None:
    """How far it is; None: there is no such action, or it has been over for long.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    kept = broker.redis.call("GET", keys.bulk_action(id))
    return None if kept is None else BulkAction(**orjson.loads(kept))


def _carry_out(state: BulkAction, where: JobFilter, reason: str) -> None:
    try:
        while not state.is_over:
            state = _step(state, where, reason)
            _report(state)
    except LastInError as error:
        logger.warning("Changing all %s stopped after %d: %s", state.says, state.done, error)
        _try_to_report(
            replace(state, is_over=True, error="Redis went away. What was done stays done.", at_s=time.time())
        )
    except Exception:
        logger.exception("Changing all %s stopped after %d", state.says, state.done)
        _try_to_report(_stopped(state, "A fault of the service; it was logged."))


def _stopped(state: BulkAction, error: str) -> BulkAction:
    return replace(state, is_over=True, error=error, at_s=time.time())


def _step(state: BulkAction, where: JobFilter, reason: str) -> BulkAction:
    move = broker.moves.cancel_all if state.action == "cancel" else broker.moves.retry_all
    outcome = move(where, limit=CHUNK, reason=reason)
    done = state.done + outcome.count
    # What is put back may end as before while this goes on: nothing is put back more often than there were jobs.
    is_enough = state.total is not None and done >= state.total
    is_over = not outcome.more or not outcome.count or is_enough
    return replace(state, done=done, asked=state.asked + outcome.asked, is_over=is_over, at_s=time.time())


def _report(state: BulkAction) -> None:
    broker.redis.call("SET", keys.bulk_action(state.id), orjson.dumps(asdict(state)), "EX", KEPT_S)


def _try_to_report(state: BulkAction) -> None:
    try:
        _report(state)
    except LastInError:
        logger.info("That can't be told in Redis either.")
