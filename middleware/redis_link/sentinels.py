"""Which server is the primary: its Sentinels say so, and are asked whenever a connection is made."""

from __future__ import annotations

import logging
import threading
import time
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from ..errors import RedisAwayError
from .address import Address, SentinelAddress

ANSWER_TIMEOUT_S = 0.3
"""A Sentinel that doesn't answer by then is left for the next one. All of it must fit into the second within which a
request hears that Redis is away."""

LOOK_EVERY_S = 1.0
LOOKING_SHARE = 0.1
"""The most of its time that somebody who waits looks, where Sentinels don't answer."""

logger = logging.getLogger(__name__)


class Primary(NamedTuple):
    """The server that takes writes."""

    host: str
    port: int


class Follower(Protocol):
    """Who speaks to the primary."""

    def leave_old_primary(self) -> None:
        """Another server is the primary now. Any thread may call it."""


class Sentinels:
    """The Sentinels of an address, which all connections of this process ask.

    ``primary``: what they said last; None: nobody has asked yet. ``manager``: redis-py's own client of them.
    """

    def __init__(self, address: Address) -> None:
        self.primary: Primary | None = None
        self._followers: WeakSet[Follower] = WeakSet()
        self._lock = threading.Lock()
        self._look_at = 0.0
        self._service = address.service
        self.manager = Sentinel([])
        self.manager.sentinels = [_client(one, address.url) for one in address.sentinels]

    def tell(self, follower: Follower) -> None:
        """From now on, tell it when another server becomes the primary. It is forgotten with its last user."""
        with self._lock:
            self._followers.add(follower)

    def look_when_due(self) -> None:
        """Ask, if nobody has for a second. A server that hangs would keep its connections silent for long."""
        began = time.monotonic()
        if began < self._look_at:
            return
        self._look_at = began + LOOK_EVERY_S
        try:
            self.ask()
        except RedisAwayError as error:
            took_s = time.monotonic() - began
            self._look_at = began + max(LOOK_EVERY_S, took_s / LOOKING_SHARE)
            logger.debug("The primary isn't known now: %s", error)

    def ask(self) -> Primary:
        """The primary now.

        Raises:
          RedisAwayError: no Sentinel answers, or none of them knows a primary that lives, as in a failover.
        """
        try:
            found = Primary(*self.manager.discover_master(self._service))
        except (ResponseError, redis.AuthenticationError) as error:
            raise RedisAwayError(f"REDIS_SENTINELS names a server that isn't a Sentinel for us ({error}).") from error
        except (MasterNotFoundError, RedisError, OSError) as error:
            silent = str(error).partition(" : ")[2]
            why = f" (no answer: {silent})" if silent else ""
            text = f"No Sentinel of REDIS_SENTINELS names a primary of service {self._service!r} that lives{why}."
            raise RedisAwayError(text) from error
        if found != self.primary:
            if self.primary is not None:
                logger.warning("The primary is now %s:%d instead of %s:%d, say its Sentinels.", *found, *self.primary)
            self.primary = found
            with self._lock:
                followers = list(self._followers)
            for follower in followers:
                follower.leave_old_primary()
        self._look_at = time.monotonic() + LOOK_EVERY_S
        return self.primary


@lru_cache
def asked_together(address: Address) -> Sentinels:
    """The Sentinels of this address, the same for all who ask in this process."""
    return Sentinels(address)


def _client(sentinel: SentinelAddress, url: str) -> redis.Redis:
    """A client of a Sentinel, over TLS if the servers of this URL speak it."""
    of_servers = redis.connection.parse_url(url)
    tls: dict[str, Any] = {name: value for name, value in of_servers.items() if name.startswith("ssl_")}
    if of_servers.get("connection_class") is redis.SSLConnection:
        tls["ssl"] = True
    return redis.Redis(
        host=sentinel.host,
        port=sentinel.port,
        username=sentinel.user or None,
        password=sentinel.password or None,
        protocol=2,
        socket_timeout=ANSWER_TIMEOUT_S,
        socket_connect_timeout=ANSWER_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
        **tls,
    )
