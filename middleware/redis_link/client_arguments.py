"""Where Redis is in the words of redis-py, and of Dramatiq's own RedisBroker."""

from __future__ import annotations

from typing import Any

import redis

KEPT = frozenset(
    ("host", "port", "path", "db", "username", "password", "credential_provider", "client_name", "redis_connect_func")
)
"""What is taken from a pool, beside ``ssl_…`` and ``socket_keepalive…``."""

INSTEAD = {
    "namespace": "all keys begin with lastin: and the name of their queue. Give each program a database of its own "
    "(url='redis://127.0.0.1:6379/1'), or its queues other names",
    "maintenance_chance": "leave it out, since maintenance isn't left to chance",
    "heartbeat_timeout": "a dead worker's jobs run again after settings=Settings(lease_s=…), 15 s by default",
    "dead_message_ttl": "ended jobs, rejected ones too, stay for settings=Settings(retention_s=…), by default 7 days",
}
"""Arguments of Dramatiq's RedisBroker that mean nothing here, and what to do instead."""


def client_of(
    url: str | None,
    client: redis.Redis | None,
    connection_pool: redis.ConnectionPool | None,
    parameters: dict[str, Any],
) -> redis.Redis:
    """A client of redis-py's, as RedisBroker makes it: the one that is given, or one by the URL, or by the parameters
    that ``redis.Redis`` takes; with none of them, on localhost. Nothing is connected.

    Raises:
      TypeError: an argument means nothing here; or the client isn't one of a single server, over blocking sockets.
    """
    for name in parameters:
        if name in INSTEAD:
            raise TypeError(f"LifoBroker takes no {name!r}: {INSTEAD[name]}.")
    if client is None:
        if url is not None:
            connection_pool, parameters = redis.ConnectionPool.from_url(url), {}
        client = redis.Redis(connection_pool=connection_pool, **({} if connection_pool else parameters))
    pool = getattr(client, "connection_pool", None)
    if not isinstance(pool, redis.ConnectionPool) or isinstance(pool, redis.sentinel.SentinelConnectionPool):
        raise TypeError(
            f"LifoBroker takes a redis.Redis that is connected to one server, not {type(client).__name__} with "
            f"{type(pool).__name__}: give url=…; where Sentinels or a cluster lead to the servers, with "
            "settings=Settings(redis_sentinels=…) or Settings(redis_cluster=True)."
        )
    return client


def connection_arguments(pool: redis.ConnectionPool) -> dict[str, Any]:
    """What leads to the same server, as the same user."""
    given: dict[str, Any] = pool.connection_kwargs
    kept = {
        name: value for name, value in given.items() if name in KEPT or name.startswith(("ssl_", "socket_keepalive"))
    }
    return {"connection_class": pool.connection_class} | kept
