"""Where Redis is: at a URL, or at the server that its Sentinels call the primary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


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
    password, database and TLS.
    """

    url: str
    sentinels: tuple[SentinelAddress, ...] = ()
    service: str = ""

    @classmethod
    def of(cls, where: Address | str) -> Address:
        """An address, of which a URL is the simplest."""
        return cls(where) if isinstance(where, str) else where
