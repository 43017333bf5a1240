"""Commands that are sent again while Redis is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import RedisAwayError, RedisClusterError, RedisRefusedError, TooFewReplicasError
from .backoff import Backoff
from .outage import Outage

logger = logging.getLogger(__name__)

T = TypeVar("T")


def persist(call: Callable[[], T], *, patience_s: float | None, outage: Outage | None = None) -> T:
    """Repeat a command that may be sent twice until Redis answers.

    Parameters:
      patience_s: for how many seconds to repeat it; 0: after the first failure; None: never.
      outage: is told of every failure, and of success.

    Raises:
      RedisAwayError: the last failure, when it gave up.
      RedisClusterError: at once.
      RedisRefusedError: at once, unless it never gives up: a worker outlives a change of passwords.
    """
    deadline = None if patience_s is None else time.monotonic() + patience_s
    backoff = Backoff()
    while True:
        try:
            answer = call()
        except RedisClusterError:
            raise
        except RedisAwayError as error:
            if isinstance(error, RedisRefusedError) and deadline is not None:
                raise
            if isinstance(error, TooFewReplicasError) and deadline is None and backoff.is_fresh:
                logger.warning("%s What waits for them goes on when they have it.", error)
            elif outage is not None:
                outage.failed(error, backoff)
            pause_s = backoff.next_s()
            if deadline is not None and time.monotonic() + pause_s >= deadline:
                raise
        else:
            if outage is not None:
                outage.succeeded()
            return answer
        time.sleep(pause_s)
