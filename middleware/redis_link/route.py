"""The way to Redis: which server a new connection leads to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.retry import Retry

from .address import Address
from .client_arguments import connection_arguments
from .sentinels import Follower, Primary, asked_together
from .shards import known_together

CONNECT_TIMEOUT_S = 0.5


class Route(Protocol):
    """Makes connections. ``primary``: the server that they lead to, as far as this process knows; None: there is no
    other that they could lead to."""

    @property
    def primary(self) -> Primary | None: ...

    def look_when_due(self) -> None:
        """Find out once a second, while somebody waits, whether the primary is another one."""

    def new_connection(self) -> tuple[ConnectionInterface, Primary | None]:
        """A connection, not yet connected, and which primary it leads to.

        Raises:
          RedisAwayError: there is none to be found now.
        """


class Direct:
    """To one server."""

    primary: None = None

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._pool = _direct_pool(address, timeout_s)

    def look_when_due(self) -> None:
        """Nothing: there is no other server."""

    def new_connection(self) -> tuple[ConnectionInterface, None]:
        """A connection to the server."""
        return self._pool.make_connection(), None


class ThroughSentinels:
    """To the primary, whichever server that is. What one connection of the process finds out, all of them know."""

    def __init__(self, address: Address, follower: Follower, *, timeout_s: float) -> None:
        self._sentinels = asked_together(address)
        self._sentinels.tell(follower)
        kwargs = redis.connection.parse_url(address.url)
        self._make = kwargs.pop("connection_class", redis.Connection)
        self._kwargs = {**kwargs, **_options(timeout_s)}
        del self._kwargs["max_connections"]

    @property
    def primary(self) -> Primary | None:
        """As it was heard last."""
        return self._sentinels.primary

    def look_when_due(self) -> None:
        """Ask the Sentinels, if nobody of this process has for a second."""
        self._sentinels.look_when_due()

    def new_connection(self) -> tuple[ConnectionInterface, Primary]:
        """A connection to the server that is the primary now."""
        primary = self._sentinels.ask()
        return self._make(**{**self._kwargs, "host": primary.host, "port": primary.port}), primary


def route(address: Address, follower: Follower, *, timeout_s: float) -> Route:
    """The way to this address, for somebody who wants to hear of another primary."""
    if address.sentinels:
        return ThroughSentinels(address, follower, timeout_s=timeout_s)
    return Direct(address, timeout_s=timeout_s)


def pool(where: Address | str, *, timeout_s: float, key: str = "") -> redis.ConnectionPool:
    """For a library that takes one: connections that give up in time, and never send anything twice. In a cluster they
    lead to the server that holds ``key``."""
    address = Address.of(where)
    if not address.sentinels and not address.is_cluster:
        return _direct_pool(address, timeout_s)
    kwargs = redis.connection.parse_url(address.url)
    connection_class = kwargs.pop("connection_class", redis.Connection)
    find = asked_together(address).ask if address.sentinels else partial(known_together(address).server_of, key)
    return redis.ConnectionPool(connection_class=_finding(connection_class, find), **{**kwargs, **_options(timeout_s)})


def _direct_pool(address: Address, timeout_s: float) -> redis.ConnectionPool:
    if address.pool is not None:
        return redis.ConnectionPool(**connection_arguments(address.pool), **_options(timeout_s))
    return redis.ConnectionPool.from_url(address.url, **_options(timeout_s))


def _finding(connection_class: Any, find: Callable[[], Primary]) -> Any:
    class Finding(connection_class):  # type: ignore[misc]
        """Looks for its server whenever it connects."""

        def connect(self) -> None:
            self.host, self.port = find()
            super().connect()

    return Finding


def _options(timeout_s: float) -> dict[str, Any]:
    return {
        "protocol": 2,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": min(timeout_s, CONNECT_TIMEOUT_S),
        "retry": Retry(NoBackoff(), 0),
        "driver_info": None,
        "max_connections": sys.maxsize,  # of all that are ever made by a link, which makes one after each failure
    }
