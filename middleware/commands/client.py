"""What a program says to Redis: the commands on each queue, and others, over the calling thread's own connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ..redis_link.address import Address
from ..redis_link.link import Link
from ..redis_link.links import Links, link_to
from ..redis_link.outage import Outage
from ..redis_link.patience import persist
from ..redis_link.spin import Spin
from . import keys
from .calls import impatient, run_script
from .queue_commands import QueueCommands
from .replica import Replica
from .types import UNREPLICATED, Replication

T = TypeVar("T")

PROBE_MS = 60_000


class RedisClient:
    """One program's way to Redis. Nothing is connected before it is needed.

    While Redis is away, :meth:`call`, :meth:`call_all` and the commands declared
    :func:`~middleware.commands.calls.repeatable` are repeated for as long as the program's patience lasts; then they
    raise RedisAwayError.

    Parameters:
      where: the address or the URL of Redis (6.2 or newer) or Valkey.
      timeout_s: seconds to wait for one answer.
      patience: for how many seconds commands are repeated now; None: until Redis is back.
      declared: the queues that this program declares.
      default_gate: ``open`` or ``closed``, whichever holds for a queue without a policy.
      spin_us: for how long a program with a single thread looks for an answer before it sleeps, in µs.
      replica_url: a replica from which :meth:`read_lists` reads; None: there is none.
      replication: how many replicas must have what is accepted.
      now: gives µs since the epoch, for tests; by default the time is the Redis server's.
    """

    def __init__(
        self,
        where: Address | str,
        *,
        timeout_s: float,
        patience: Callable[[], float | None],
        declared: Callable[[], Iterable[str]],
        default_gate: str = "open",
        spin_us: int = 0,
        replica_url: str | None = None,
        replication: Replication = UNREPLICATED,
        now: Callable[[], int] | None = None,
    ) -> None:
        self.default_gate = default_gate
        self.outage = Outage()
        self._outage_to_log: Outage | None = self.outage
        self.address = Address.of(where)
        self._timeout_s = timeout_s
        self._patience = patience
        self._declared = declared
        self._replication = replication
        self._now = now
        self._links = Links(self.address, timeout_s=timeout_s, spin_us=spin_us)
        self._replica: Replica[RedisClient] | None = None
        if replica_url:
            self._replica = Replica(
                RedisClient(
                    replica_url,
                    timeout_s=timeout_s,
                    patience=impatient,
                    declared=declared,
                    default_gate=default_gate,
                    now=now,
                )
            )

    @property
    def link(self) -> Link:
        """The calling thread's own connection. What is said over it is never repeated."""
        return self._links.link

    def new_link(self, spin: Spin | None = None) -> Link:
        """A connection that belongs to the caller."""
        return link_to(self.address, timeout_s=self._timeout_s, spin=spin)

    def answer_within(self, timeout_s: float) -> None:
        """From now on, wait this long for one answer, and don't log that calls wait: each request tells its end."""
        self._timeout_s = timeout_s
        self._outage_to_log = None
        self._links = Links(self.address, timeout_s=timeout_s)
        if self._replica is not None:
            self._replica.client.answer_within(timeout_s)

    def queue(self, name: str) -> QueueCommands:
        """The commands on a queue."""
        return self._commands(name, self.link, self._patience)

    def queue_over(self, name: str, link: Link) -> QueueCommands:
        """The commands on a queue over a connection of the caller, who repeats them by itself: each is sent once."""
        return self._commands(name, link, impatient)

    def queues(self) -> set[str]:
        """The declared queues, and those that other programs have declared here."""
        return {*self._declared(), *(name.decode() for name in self.call("SMEMBERS", keys.queues()))}

    def call(self, *command: str | bytes | int | float) -> Any:
        """The answer to one command that may be sent twice."""
        return self._persist(lambda: self.link.call(*command))

    def call_all(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        """The answers to several commands that may be sent twice, sent at once."""
        return self._persist(lambda: self.link.call_all(commands))

    def run_script(self, name: str, keys: Sequence[str], *arguments: bytes) -> Any:
        """The answer of a script over keys that belong to no queue, which may be sent twice."""
        return self._persist(lambda: run_script(self.link, name, keys, *arguments))

    def read_lists(self, read: Callable[[RedisClient], T]) -> T:
        """What ``read`` reads from the replica as long as that is fit, else from the primary: many jobs at once, which
        may be a moment old.

        Raises:
          RedisAwayError: neither answers.
        """
        return read(self) if self._replica is None else self._replica.read(read, self)

    def replica_fault(self) -> str | None:
        """Why lists are read from the primary although there is a replica, a sentence; None: they aren't."""
        return None if self._replica is None else self._replica.look_when_due()

    def check_writable(self) -> None:
        """Find out whether jobs could be accepted now; sent once.

        Raises:
          RedisAwayError: Redis doesn't answer, or can't be written to.
          QueueFullError: ``maxmemory`` is reached.
        """
        if self.address.is_cluster:
            self.link.call_all([("SET", keys.probe(queue), "", "PX", PROBE_MS) for queue in self._declared()])
        else:
            self.link.call("SET", keys.writable(), "", "PX", PROBE_MS)

    def _persist(self, call: Callable[[], T]) -> T:
        return persist(call, patience_s=self._patience(), outage=self._outage_to_log)

    def _commands(self, name: str, link: Link, patience: Callable[[], float | None]) -> QueueCommands:
        return QueueCommands(
            name,
            link,
            default_gate=self.default_gate,
            now=self._now,
            patience=patience,
            replication=self._replication,
            outage=self._outage_to_log,
        )
