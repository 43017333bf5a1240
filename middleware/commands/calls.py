"""How scripts are called: by their sha, and as a whole where the server doesn't know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial, wraps
from typing import Any, TypeVar, cast

from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError

from ..redis_link.link import Link
from ..redis_link.outage import Outage
from ..redis_link.patience import persist
from . import build


def begin(link: Link, pack: Callable[[str, ConnectionInterface], Any]) -> Callable[[], Any]:
    """Send a script, which ``pack`` packs for EVALSHA or EVAL; what this returns, called once, waits for the answer.

    Raises:
      as :meth:`Link.call`, both.
    """
    heard = link.begin(partial(pack, "EVALSHA"))

    def answer() -> Any:
        try:
            return heard()
        except NoScriptError:
            # Not SCRIPT LOAD and the same again: scripts may be flushed between the two.
            return link.exchange(partial(pack, "EVAL"))

    return answer


def run_script(link: Link, name: str, keys: Sequence[str], *words: str | bytes) -> Any:
    """The answer of ``lua/{name}.lua``, over keys that don't belong to one queue.

    Raises:
      as :meth:`Link.call`.
    """
    script = build.script(name)

    def pack(command: str, connection: ConnectionInterface) -> Any:
        of_script = script.sha if command == "EVALSHA" else script.source
        return connection.pack_command(command, of_script, len(keys), *keys, *words)

    return begin(link, pack)()


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
        outage: Outage | None = None,
    ) -> None:
        self.queue = queue
        self._link = link
        self.is_gated = default_gate == "closed"
        self._default_gate = default_gate.encode()
        self._now = now
        self._patience = patience
        self._outage = outage

    def _run(self, name: str, words: list[bytes], *, timed: bool = True) -> Any:
        return self._begin(name, words, timed=timed)()

    def _begin(self, name: str, words: list[bytes], *, timed: bool = True) -> Callable[[], Any]:
        if timed:
            words = [b"%d" % self._now() if self._now else b"", *words]
        packed = _packed(words)

        def pack(command: str, _: ConnectionInterface) -> list[bytes]:
            length, head = _head(command, name, self.queue)
            return [b"*%d\r\n" % (length + len(words)) + head + packed]

        return begin(self._link, pack)


@lru_cache(maxsize=4096)
def _head(command: str, name: str, queue: str) -> tuple[int, bytes]:
    """EVALSHA or EVAL with script and KEYS, packed once: the number of words, and their bytes in RESP."""
    script = build.script(name)
    of_script = script.sha if command == "EVALSHA" else script.source
    words = [command, of_script, str(len(script.keys)), *(key(queue) for key in script.keys)]
    return len(words), _packed(word.encode() for word in words)


def _packed(words: Iterable[bytes]) -> bytes:
    return b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


def optional(number: int | None) -> bytes:
    """A number as a script takes it that may be missing."""
    return b"" if number is None else b"%d" % number


def pairs(flat: Sequence[Any]) -> dict[str, Any]:
    """Names and values, from an answer that holds them in turn."""
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
