"""A broker's way to Redis: over which connections it speaks, and how patient it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import dramatiq

from .commands import keys
from .commands.queue_commands import QueueScripts
from .declaring import DeclaringBroker
from .redis_link.link import Link, Links, persist
from .redis_link.spin import Spin

T = TypeVar("T")


class ConnectedBroker(DeclaringBroker):
    """What :class:`broker.LifoBroker` says to Redis, it says through this; its parameters are explained there."""

    def __init__(
        self,
        middleware: list[dramatiq.Middleware],
        *,
        url: str,
        gated: bool,
        timeout_s: float,
        patience_s: float | None,
        spin_us: int,
        now: Callable[[], int] | None,
    ) -> None:
        self._url = url
        self._default_gate = "closed" if gated else "open"
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._now = now
        self._links = Links(url, timeout_s=timeout_s, spin_us=spin_us)
        super().__init__(middleware)

    @property
    def is_gated(self) -> bool:
        """Whether nothing is handed out until a scheduler has put a policy in force."""
        return self._default_gate == "closed"

    def read_all(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        """The answers to several reading commands, sent at once.

        Raises:
          RedisAwayError: patience ended.
        """
        return self._patiently(lambda: self._link().call_all(commands))

    def ping(self) -> None:
        """Find out whether jobs could be accepted now.

        Raises:
          RedisAwayError: Redis doesn't answer, or can't be written to.
          QueueFullError: ``maxmemory`` is reached.
        """
        self._link().call("SET", keys.writable(), "1", "PX", 60_000)

    def scripts(self, queue: str, link: Link | None = None) -> QueueScripts:
        """The commands on a queue, over the calling thread's link or the given one."""
        return QueueScripts(queue, link or self._link(), default_gate=self._default_gate, now=self._now)

    def new_link(self, spin: Spin | None = None) -> Link:
        """A connection that belongs to the caller."""
        return Link(self._url, timeout_s=self._timeout_s, spin=spin)

    def fail_fast(self, *, timeout_s: float = 0.4, patience_s: float = 0.5) -> None:
        """For programs that answer requests: from now on commands give up within a second when Redis is away."""
        self._timeout_s, self._patience_s = timeout_s, patience_s
        self._links = Links(self._url, timeout_s=timeout_s)

    def _patience(self) -> float | None:
        """For how many seconds commands are repeated now; None: until Redis is back."""
        return self._patience_s

    def _patiently(self, call: Callable[[], T]) -> T:
        return persist(call, patience_s=self._patience())

    def _link(self) -> Link:
        return self._links.link
