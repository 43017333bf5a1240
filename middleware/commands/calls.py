"""How scripts are called: by their sha, and as a whole where the server doesn't know them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache, partial, wraps
from typing import Any, TypeVar, cast

from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError

from ..errors import TooFewReplicasError
from ..redis_link.link import Link
from ..redis_link.outage import Outage
from ..redis_link.patience import persist
from ..words import counted
from . import build, keys
from .types import UNREPLICATED, Replication

WROTE_NOW = frozenset({b"accepted", b"submitted"})
"""How ``accept.lua`` begins its answer when it wrote what it says."""

PROBE_MS = 1000
"""For how long the key of :func:`keys.probe` stays."""


def begin(link: Link, pack: Callable[[str, ConnectionInterface], Any], key: str) -> Callable[[], Any]:
    """Send a script, which ``pack`` packs for EVALSHA or EVAL, to the server that holds ``key``; what this returns,
    called once, waits for the answer.

    One call is under way at a time, unless the server is known to have the script: where it hasn't, the script is sent
    as a whole, and its answer would come behind those to what was begun since.

    Raises:
      as :meth:`Link.call`, both.
    """
    pending = link.begin(partial(pack, "EVALSHA"), key)

    def answer() -> Any:
        try:
            return pending()
        except NoScriptError:
            # Not SCRIPT LOAD and the same again: scripts may be flushed between the two.
            return link.exchange(partial(pack, "EVAL"), key)

    return answer


def run_replicated(
    link: Link, pack: Callable[[str, ConnectionInterface], Any], replication: Replication, key: str
) -> tuple[Any, int]:
    """The answer of a script, as :func:`begin` packs it, and how many replicas have what it wrote.

    Raises:
      as :meth:`Link.call`.
    """
    try:
        return link.exchange_and_wait(partial(pack, "EVALSHA"), *replication, key)
    except NoScriptError:
        return link.exchange_and_wait(partial(pack, "EVAL"), *replication, key)


def run_script(link: Link, name: str, keys: Sequence[str], *arguments: str | bytes) -> Any:
    """The answer of ``lua/{name}.lua``, over keys that don't belong to one queue.

    Raises:
      as :meth:`Link.call`.
    """
    script = build.script(name)

    def pack(command: str, connection: ConnectionInterface) -> Any:
        of_script = script.sha if command == "EVALSHA" else script.source
        return connection.pack_command(command, of_script, len(keys), *keys, *arguments)

    return begin(link, pack, keys[0])()


Command = TypeVar("Command", bound=Callable[..., Any])


def repeatable(command: Command) -> Command:
    """Declares a command that may be sent twice: while Redis is away it is repeated for as long as the caller's
    patience lasts. A command without this is sent once."""

    @wraps(command)
    def persistent(self: QueueCalls, *args: Any, **kwargs: Any) -> Any:
        return persist(lambda: command(self, *args, **kwargs), patience_s=self._patience(), outage=self._outage)

    return cast("Command", persistent)


def impatient() -> float:
    """The patience of callers that repeat by themselves, or not at all."""
    return 0.0


class QueueCalls:
    """Calls a queue's scripts over one link.

    Parameters:
      default_gate: ``open`` or ``closed``, whichever holds as long as the queue has no policy.
      now: gives µs since the epoch in tests; else the time is the server's.
      patience: for how many seconds commands declared :func:`repeatable` are repeated now; None: until Redis is back.
      replication: how many replicas must have what is accepted.
      outage: where it is told that they wait for Redis.
    """

    def __init__(
        self,
        queue: str,
        link: Link,
        *,
        default_gate: str,
        now: Callable[[], int] | None = None,
        patience: Callable[[], float | None] = impatient,
        replication: Replication = UNREPLICATED,
        outage: Outage | None = None,
    ) -> None:
        self.queue = queue
        self._link = link
        self.is_gated = default_gate == "closed"
        self._default_gate = default_gate.encode()
        self._now = now
        self._patience = patience
        self._replication = replication
        self._outage = outage

    def _run(self, name: str, arguments: list[bytes], *, timed: bool = True) -> Any:
        return self._begin(name, arguments, timed=timed)()

    def _begin(self, name: str, arguments: list[bytes], *, timed: bool = True) -> Callable[[], Any]:
        return begin(self._link, self._packer(name, arguments, timed=timed), self.queue)

    def _run_replicated(self, name: str, arguments: list[bytes], *, changes_nothing: Collection[bytes]) -> Any:
        """As :meth:`_run`, and waits until enough replicas have what the call wrote. An answer that begins with another
        word than those of ``changes_nothing`` stands for what a call wrote, this one or an earlier one.

        Raises:
          TooFewReplicasError: they don't have it in time.
        """
        if not self._replication.replicas:
            return self._run(name, arguments)
        answer, have_it = run_replicated(self._link, self._packer(name, arguments), self._replication, self.queue)
        if answer[0] in changes_nothing:
            return answer
        if answer[0] not in WROTE_NOW:
            # WAIT is about what this very connection wrote: so it writes something behind what there is.
            key = keys.probe(self.queue)
            _, have_it = self._link.exchange_and_wait(
                lambda connection: connection.pack_command("SET", key, "", "PX", PROBE_MS), *self._replication, key
            )
        if have_it < self._replication.replicas:
            raise _too_few(self._replication, have_it)
        return answer

    def _packer(
        self, name: str, arguments: list[bytes], *, timed: bool = True
    ) -> Callable[[str, ConnectionInterface], list[bytes]]:
        if timed:
            arguments = [b"%d" % self._now() if self._now else b"", *arguments]
        packed = _packed(arguments)

        def pack(command: str, _: ConnectionInterface) -> list[bytes]:
            length, head = _head(command, name, self.queue)
            return [b"*%d\r\n" % (length + len(arguments)) + head + packed]

        return pack


def _too_few(replication: Replication, have_it: int) -> TooFewReplicasError:
    return TooFewReplicasError(
        f"WAIT_REPLICAS wants {counted(replication.replicas, 'replica')} to have an accepted job, and {have_it} had it "
        f"within {replication.wait_ms} ms."
    )


@lru_cache(maxsize=4096)
def _head(command: str, name: str, queue: str) -> tuple[int, bytes]:
    """EVALSHA or EVAL with script and KEYS, packed once: how many strings that is, and their bytes in RESP."""
    script = build.script(name)
    of_script = script.sha if command == "EVALSHA" else script.source
    strings = [command, of_script, str(len(script.keys)), *(key(queue) for key in script.keys)]
    return len(strings), _packed(string.encode() for string in strings)


def _packed(strings: Iterable[bytes]) -> bytes:
    return b"".join([b"$%d\r\n%b\r\n" % (len(string), string) for string in strings])


def optional(number: int | None) -> bytes:
    """A number as a script takes it that may be missing."""
    return b"" if number is None else b"%d" % number


def pairs(flat: Sequence[Any]) -> dict[str, Any]:
    """Names and values, from an answer that holds them in turn."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
