"""A link to all servers of a Redis Cluster: each command goes to the server that holds its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis.connection import ConnectionInterface
from redis.exceptions import ResponseError

from ..errors import RedisAwayError
from .address import Address
from .link import Link, code_of
from .sentinels import Primary
from .shards import known_together

T = TypeVar("T")
Command = tuple[str | bytes | int | float, ...]

MOST_REDIRECTIONS = 5
WITHOUT_KEY = frozenset({"PING", "INFO", "TIME", "CONFIG", "PUBLISH", "SUBSCRIBE", "MULTI", "EXEC"})
"""What is said to one server, the same for all who say it, if nothing else says to which."""
LATER_CODES = frozenset({"ASK", "TRYAGAIN", "CLUSTERDOWN"})
"""Answers of a cluster whose slots are just being moved, or that hasn't replaced a server yet."""


class MovedError(RedisAwayError):
    """Another server holds the key; the command wasn't carried out."""


class ServerLink(Link):
    """A link to one server of a cluster."""

    def _refuse(self, error: ResponseError) -> None:
        code = code_of(error)
        if code == "MOVED":
            raise MovedError(f"Another server of the cluster holds this key ({error}).") from error
        if code in LATER_CODES:
            raise RedisAwayError(f"The cluster can't do this now ({code} {error}).") from error
        super()._refuse(error)


class ClusterLink(Link):
    """As :class:`Link`, with a connection to each server that is spoken to. A command that another server would have
    carried out is sent there: the first one has done nothing. What else goes wrong is the caller's."""

    is_cluster = True

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._shards = known_together(address)
        self._servers: dict[Primary, ServerLink] = {}
        self._asked: tuple[str, Primary] | None = None

    def call(self, *command: str | bytes | int | float) -> Any:
        return self._follow(_key_of(command), lambda link: link.call(*command))

    def exchange(self, pack: Callable[[ConnectionInterface], Any], key: str = "") -> Any:
        return self._follow(key, lambda link: link.exchange(pack))

    def exchange_and_wait(
        self, pack: Callable[[ConnectionInterface], Any], replicas: int, wait_ms: int, key: str = ""
    ) -> tuple[Any, int]:
        return self._follow(key, lambda link: link.exchange_and_wait(pack, replicas, wait_ms))

    def begin(self, pack: Callable[[ConnectionInterface], Any], key: str = "") -> Callable[[], Any]:
        pending = self._follow(key, lambda link: link.begin(pack))

        def answer() -> Any:
            try:
                return pending()
            except MovedError:
                self._shards.suspect(has_moved=True)
                return self.exchange(pack, key)
            except RedisAwayError:
                self._shards.suspect()
                raise

        return answer

    def call_all(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        keys = [_key_of(command) for command in commands]
        if "" in keys:  # a transaction, whose commands belong together
            first = next((key for key in keys if key), "")
            return self._follow(first, lambda link: link.call_all(commands))
        answers: dict[int, Any] = {}
        for indexes in self._by_server(range(len(commands)), keys.__getitem__).values():
            part = [commands[i] for i in indexes]
            # Only after a slot was moved do these belong to several servers: then each is sent by itself.
            try:
                found = self._over(keys[indexes[0]]).call_all(part)
            except MovedError:
                self._shards.suspect(has_moved=True)
                found = [self.call(*command) for command in part]
            except RedisAwayError:
                self._shards.suspect()
                raise
            answers.update(zip(indexes, found, strict=True))
        return [answers[i] for i in range(len(commands))]

    def send(self, *command: str | bytes | int | float) -> None:
        key = _key_of(command)
        self._asked = (key, self._server_of(key))
        self._follow(key, lambda link: link.send(*command))

    def wait(self, timeout_s: float) -> tuple[Any] | None:
        if self._asked is None:
            raise RedisAwayError("Nothing was asked over this link.")
        key, server = self._asked
        try:
            if self._server_of(key) != server:
                raise MovedError("Another server of the cluster holds this key.")
            return self._servers[server].wait(timeout_s)
        except RedisAwayError:
            self._shards.suspect()
            self.close()
            raise

    def close(self) -> None:
        self._asked = None
        for link in self._servers.values():
            link.close()

    def servers(self) -> list[Link]:
        return [self._link(server) for server in self._shards.primaries()]

    def by_server(self, queues: Iterable[str]) -> list[tuple[Link, list[str]]]:
        return [(self._link(server), names) for server, names in self._by_server(queues, str).items()]

    def _follow(self, key: str, do: Callable[[Link], T]) -> T:
        for _ in range(MOST_REDIRECTIONS):
            try:
                return do(self._over(key))
            except MovedError:
                self._shards.suspect(has_moved=True)
            except RedisAwayError:
                self._shards.suspect()
                raise
        raise RedisAwayError(f"The servers of the cluster don't agree on who holds {key!r}.")

    def _by_server(self, all_of: Iterable[T], key_of: Callable[[T], str]) -> dict[Primary, list[T]]:
        found: dict[Primary, list[T]] = {}
        for one in all_of:
            found.setdefault(self._server_of(key_of(one)), []).append(one)
        return found

    def _server_of(self, key: str) -> Primary:
        return self._shards.server_of(key) if key else self._shards.primaries()[0]

    def _over(self, key: str) -> Link:
        return self._link(self._server_of(key))

    def _link(self, server: Primary) -> ServerLink:
        if (link := self._servers.get(server)) is None:
            link = self._servers[server] = ServerLink(_url_of(server, self._address.url), timeout_s=self._timeout_s)
        return link


def _key_of(command: Command) -> str:
    """By which key it is known who carries a command out; nothing: any server could."""
    if command[0] in WITHOUT_KEY:
        return ""
    key = command[3] if command[0] in ("EVAL", "EVALSHA") else command[1]
    return key.decode() if isinstance(key, bytes) else str(key)


def _url_of(server: Primary, url: str) -> str:
    """The URL of a cluster, with the host and port of one of its servers."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    host = f"[{server.host}]" if ":" in server.host else server.host
    return parts._replace(netloc=f"{user}{at}{host}:{server.port}").geturl()
