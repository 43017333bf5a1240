"""Where Redis is: at a URL, at the server that its Sentinels call the primary, or at the servers of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import redis


class SentinelAddress(NamedTuple):
    """A Sentinel, and what it wants to know of who asks; ``user`` and ``password`` are empty where it doesn't."""

    host: str
    port: int
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is.

    ``url``: the server; with ``sentinels``, what holds for whichever server is the primary of their ``service``: user,
    password, database and TLS. ``is_cluster``: the URL is that of one server of a Redis Cluster, who knows the others.
    ``pool``: instead of all that, a program's own pool, whose address, credentials and certificates are used. Its
    connections are not: those of LastIn have time-outs and answers of their own.
    """

    url: str = ""
    sentinels: tuple[SentinelAddress, ...] = ()
    service: str = ""
    is_cluster: bool = False
    pool: redis.ConnectionPool | None = None

    @classmethod
    def of(cls, where: Address | str) -> Address:
        """An address, of which a URL is the simplest."""
        return cls(where) if isinstance(where, str) else where
