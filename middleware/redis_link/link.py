"""Connections to Redis: pinned, fork-safe, without hidden retries, and with errors that a caller can handle."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import redis
from redis.connection import ConnectionInterface
from redis.exceptions import ResponseError

from ..errors import QueueFullError, RedisAwayError, RedisClusterError, RedisRefusedError
from .address import Address
from .generation import trusted_together
from .route import route
from .sentinels import Primary
from .spin import Spin

T = TypeVar("T")

AWAY_CODES = frozenset(("READONLY", "UNBLOCKED", "LOADING", "MASTERDOWN", "NOREPLICAS", "MISCONF", "BUSY"))
"""Answers that mean: not now, ask again later (a replica after a failover, a server that loads or can't persist)."""
CLUSTER_CODES = frozenset(("MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN"))
"""Answers that only a node of a Redis Cluster gives
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/)."""
CLUSTER_WORDS = ("in cluster mode", "in a cluster node")
"""How such a node refuses a database other than 0, and keys of others in a script: its code is a mere ERR there."""
ORDINARY_CODES = frozenset(("NOSCRIPT", "OOM"))
"""Errors that answer what was asked. Any other may be a server's or a proxy's own word, said before the answer, which
the next command would take for its own."""
SCRIPT_ERROR = re.compile(r": -([A-Z]+) ")
"""How Redis 6.2 words an error inside a script: ``ERR Error running script (call to …): @user_script: 1: -OOM …``."""


class Link:
    """One connection that belongs to one thread at a time. It connects when it is used, and again after a fork.

    Nothing is sent twice: whoever calls decides whether a command may be repeated (see :mod:`.patience`). With a
    ``spin``, it looks for the answer of :meth:`call` and :meth:`exchange` before it sleeps. When the connection of
    another link to the same address broke, it makes its own anew (see :mod:`.generation`).
    """

    is_cluster = False

    def __init__(self, where: Address | str, *, timeout_s: float, spin: Spin | None = None) -> None:
        address = Address.of(where)
        self._generation = trusted_together(address)
        self._made_in = 0
        self._timeout_s = timeout_s
        self._spin = spin
        self._connection: ConnectionInterface | None = None
        self._primary: Primary | None = None
        self._pid = 0
        self._route = route(address, self, timeout_s=timeout_s)

    def call(self, *command: str | bytes | int | float) -> Any:
        """Send one command and read its answer.

        Raises:
          RedisAwayError: no connection, no answer in time, or an answer that means "not now". The command may have
            been carried out all the same.
          RedisRefusedError: it takes this user's password no more, or wants one; the command wasn't carried out.
          RedisClusterError: the server is a node of a cluster; the command wasn't carried out.
          QueueFullError: ``maxmemory`` is reached; the command wasn't carried out.
          redis.exceptions.ResponseError: any other error that the server answers; the next call makes a new connection.
        """
        return self.exchange(lambda connection: connection.pack_command(*command))

    def exchange(self, pack: Callable[[ConnectionInterface], Any], key: str = "") -> Any:
        """As :meth:`call`, for a command that ``pack`` has packed already. ``key``: in a cluster, the server that holds
        it carries the command out."""
        return self.begin(pack, key)()

    def begin(self, pack: Callable[[ConnectionInterface], Any], key: str = "") -> Callable[[], Any]:
        """As :meth:`exchange`, in two steps: send now; what this returns, called once, reads the answer. Nothing else
        may be said over the link meanwhile, unless it is begun too, and answers are read in the order of what was sent.

        Raises:
          as :meth:`call`, both.
        """

        def send(connection: ConnectionInterface) -> ConnectionInterface:
            connection.send_packed_command(pack(connection), check_health=False)
            return connection

        def listen(connection: ConnectionInterface) -> Any:
            if self._spin is not None:
                self._spin.look()
            return connection.read_response()

        sent_over = self._talk(send)
        return lambda: self._talk(listen, sent_over)

    def exchange_and_wait(
        self, pack: Callable[[ConnectionInterface], Any], replicas: int, wait_ms: int, key: str = ""
    ) -> tuple[Any, int]:
        """As :meth:`exchange`, and how many replicas have what it wrote, after at most ``wait_ms``; sent together.

        Raises:
          as :meth:`call`.
        """

        def talk(connection: ConnectionInterface) -> tuple[Any, int]:
            wait = connection.pack_command("WAIT", replicas, wait_ms)
            connection.send_packed_command([*pack(connection), *wait], check_health=False)
            answer = self._answer(connection)
            if not connection.can_read(wait_ms / 1000 + self._timeout_s):
                raise redis.TimeoutError("no answer to WAIT")
            have_it = self._answer(connection)
            if isinstance(answer, ResponseError):
                raise answer
            if isinstance(have_it, ResponseError):  # the server became a replica between the two
                raise redis.ConnectionError(str(have_it))
            return answer, have_it

        return self._talk(talk)

    def call_all(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        """Send several commands at once and read all answers; the first error among them is raised.

        Raises:
          as :meth:`call`.
        """

        def talk(connection: ConnectionInterface) -> list[Any]:
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            answers = [self._answer(connection) for _ in commands]
            for answer in answers:
                if isinstance(answer, ResponseError):
                    raise answer
            return answers

        return self._talk(talk)

    def send(self, *command: str | bytes | int | float) -> None:
        """Send a command whose answer :meth:`wait` waits for.

        Raises:
          RedisAwayError: as :meth:`call`.
        """
        self._talk(
            lambda connection: connection.send_packed_command(connection.pack_command(*command), check_health=False)
        )

    def wait(self, timeout_s: float) -> tuple[Any] | None:
        """The answer to what :meth:`send` sent, in a tuple, or None when none came in time.

        Raises:
          RedisAwayError: as :meth:`call`; also when the server that was asked is the primary no more, or another
            connection to it broke.
        """
        self._route.look_when_due()
        if not self._is_trusted:
            self.close()
            raise RedisAwayError("Another server is the primary now, or another connection to this server broke.")
        return self._talk(lambda connection: (connection.read_response(),) if connection.can_read(timeout_s) else None)

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None and self._pid == os.getpid():
            connection.disconnect()

    def leave_old_primary(self) -> None:
        """Drop the connection if it leads to another server than the primary: whoever waits there waits in vain."""
        if self._primary is not self._route.primary:
            self.close()

    def servers(self) -> list[Link]:
        """A link to each server that holds keys: in a cluster there are several."""
        return [self]

    def by_server(self, queues: Iterable[str]) -> list[tuple[Link, list[str]]]:
        """The queues that each server holds, and a link to it."""
        return [(self, list(queues))]

    @property
    def _is_trusted(self) -> bool:
        """Whether the connection that there is leads to where a new one would lead, as far as this process knows."""
        return self._primary is self._route.primary and self._made_in == self._generation.number

    def _talk(self, talk: Callable[[ConnectionInterface], T], connection: ConnectionInterface | None = None) -> T:
        """Say something over the connection that there is, or hear something over the one on which it was asked for;
        what goes wrong becomes an error that a caller can handle."""
        try:
            connection = connection or self._connected()
            return talk(connection)
        except ResponseError as error:
            self._refuse(error)
            raise
        except BaseException as error:
            if isinstance(error, Exception) and connection is not self._connection:
                # What a client library says of a connection that is taken away under its hands, nobody can foresee.
                raise RedisAwayError("Another thread has closed this connection.") from error
            self._drop(error)
            raise

    @staticmethod
    def _answer(connection: ConnectionInterface) -> Any:
        try:
            return connection.read_response()
        except ResponseError as error:
            return error

    def _drop(self, error: BaseException) -> None:
        """Whatever came between a command and its answer (a time limit, too) leaves the connection unusable: the next
        command would read this one's answer."""
        was_connected = self._connection is not None
        self.close()
        if isinstance(error, redis.AuthenticationError):
            raise RedisRefusedError(str(error)) from error
        if isinstance(error, (redis.ConnectionError, redis.TimeoutError, OSError)):
            if was_connected:
                self._generation.broke(self._made_in)
            reason = "in time" if isinstance(error.__context__, BlockingIOError) else f"({error})"
            raise RedisAwayError(f"Redis doesn't answer {reason}.") from error

    def _refuse(self, error: ResponseError) -> None:
        code = code_of(error)
        if code in CLUSTER_CODES or any(words in str(error) for words in CLUSTER_WORDS):
            self.close()
            answer = str(error)
            raise RedisClusterError.unexpected(answer if answer.startswith(code) else f"{code} {answer}") from error
        if code == "OOM":
            raise QueueFullError(
                "Redis has reached its maxmemory and takes no new jobs: let workers drain it or give it more memory."
            ) from error
        if code in AWAY_CODES:
            self.close()  # after a failover, the way may lead to another server
            raise RedisAwayError(f"Redis can't do this now ({error}).") from error
        if code not in ORDINARY_CODES:
            self.close()

    def _connected(self) -> ConnectionInterface:
        if self._connection is None or self._pid != os.getpid() or not self._is_trusted:
            self.close()
            made_in = self._generation.number
            connection, primary = self._route.new_connection()
            connection.connect()
            connected = connection._get_socket()  # type: ignore[attr-defined]
            _let_the_kernel_time(connected)
            if self._spin is not None:
                self._spin.watch(connected)
            self._connection, self._primary, self._made_in = connection, primary, made_in
            self._pid = os.getpid()
        return self._connection


def _let_the_kernel_time(connected: socket.socket) -> None:
    """Bound its waiting by options of the socket itself. For a timeout of Python's, each send and each receive asks
    ``poll`` first and gives the interpreter's lock away once more, which another thread takes."""
    timeout_s = connected.gettimeout()
    if timeout_s and type(connected) is socket.socket:  # TLS answers a receive with several of its own
        bound = struct.pack("ll", *divmod(round(timeout_s * 1_000_000), 1_000_000))
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bound)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bound)
        connected.settimeout(None)


def code_of(error: ResponseError) -> str:
    """The word that says what kind of error a server answers, also in a script."""
    in_script = SCRIPT_ERROR.search(str(error))
    return in_script[1] if in_script else error.status_code or str(error).partition(" ")[0]
