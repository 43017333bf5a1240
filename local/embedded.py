"""The embedded server: a Valkey (or Redis) of this clone's own, on loopback, with its data on disk."""

from __future__ import annotations

import itertools
import os
import random
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from middleware.processes.server_program import ENVIRONMENT, EmbeddedServerError, find_binary

from .interrupts import held_back

LOOPBACK = "127.0.0.1"
START_TRIES = 3
SERVER_PORTS = range(20_000, 32_768)
_turns = itertools.count(random.randrange(len(SERVER_PORTS)))  # noqa: S311 -- no secret
SETTINGS = {
    "appendonly": "yes",
    "save": "",
    "maxmemory-policy": "noeviction",
    "bind": LOOPBACK,
}


def free_port() -> int:
    """A port of loopback that nobody listens on just now, and that no outgoing connection is given either: the kernel
    takes those from 32768 on (IANA and macOS from 49152 on), so that the port is still free when a server starts. A
    process is given each in turn, so that none is named twice before somebody listens there."""
    while True:
        port = SERVER_PORTS[next(_turns) % len(SERVER_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


PASSWORD_LINE = re.compile(r'^requirepass "(?P<password>[^"]+)"$', re.MULTILINE)


class EmbeddedServer:
    """One server process with its data in ``data_dir``, which only this user may read.

    It runs in a session of its own, so that the Ctrl-C of a terminal doesn't reach it: whoever started it stops it
    last. ``data_dir`` must be used by one EmbeddedServer at a time. A server that an earlier one left behind there,
    because its process was killed, is shut down by the next :meth:`start`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        binary: Path | None = None,
        password: str | None = None,
        durability: str = "everysec",
        options: Sequence[str] = (),
    ) -> None:
        """``port`` None: a free one. ``password``: letters, digits, ``-`` and ``_``; it goes to the server in a file of
        mode 600, where ``ps`` doesn't show it. ``durability``: ``everysec`` or ``always``, how often the journal is
        synced to the disk. ``options`` go to the server's command line, after ours."""
        self.data_dir = data_dir.resolve()
        self.port = port or free_port()
        self._password = password
        self._durability = durability
        self._keeps_port = port is not None
        self.binary = binary
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._port_note = self.data_dir / "port"
        self._config = self.data_dir / "server.conf"
        self._log = self.data_dir / "server.log"

    @property
    def url(self) -> str:
        """Where to connect. It holds the password: don't log it."""
        user = f":{self._password}@" if self._password else ""
        return f"redis://{user}{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self.is_alive else None

    @property
    def is_alive(self) -> bool:
        """True between a start and the death of the server process, whatever ended it."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it answers, however long it takes to load its data.

        Raises:
          EmbeddedServerError: it ended at once, or doesn't answer; the message holds the end of its log.
        """
        if self.is_alive:
            raise EmbeddedServerError(f"The embedded server in {self.data_dir} was started already.")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        self._stop_left_over()
        write_private(self._config, f'requirepass "{self._password}"\n' if self._password else "")
        for tries_left in reversed(range(START_TRIES)):
            self._spawn()
            try:
                self._wait_until_it_answers()
            except EmbeddedServerError:
                self.kill()
                if self._keeps_port or not tries_left or not _is_taken(self.port):
                    raise
                self.port = free_port()  # somebody else was faster
            else:
                break
        self._keeps_port = True
        return self

    def stop(self, patience_s: float = 20) -> None:
        """Let the server write what it holds and end; after ``patience_s`` it is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._port_note.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL). :meth:`start` brings it back on the same port, with its data."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Wait for the server process to end, and return its exit status."""
        if self._process is None:
            raise EmbeddedServerError(f"The embedded server in {self.data_dir} wasn't started.")
        return self._process.wait()

    def client(self) -> redis.Redis:
        """A plain client of this server, which doesn't retry."""
        return _client(self.port, self._password)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _spawn(self) -> None:
        self._port_note.write_text(f"{self.port}\n", encoding="ascii")
        command = [str(self.binary or find_binary()), str(self._config), "--port", str(self.port)]
        for name, value in {"dir": str(self.data_dir), "appendfsync": self._durability, **SETTINGS}.items():
            command += [f"--{name}", value]
        with self._log.open("ab") as log, held_back():
            self._process = subprocess.Popen(
                [*command, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=ENVIRONMENT | os.environ,
            )

    def _wait_until_it_answers(self, patience_s: float = 10) -> None:
        deadline = time.monotonic() + patience_s
        with self.client() as client:
            while self.is_alive:
                with suppress(redis.ConnectionError, redis.TimeoutError):
                    info = client.info()
                    if info["process_id"] == self.pid and not info["loading"]:
                        return
                    deadline = time.monotonic() + patience_s
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)
        problem = "doesn't answer" if self.is_alive else "ended at once"
        raise EmbeddedServerError(f"The embedded server {problem}. The end of {self._log}:\n{self._last_lines()}")

    def _last_lines(self, count: int = 8) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def _stop_left_over(self, patience_s: float = 20) -> None:
        """Shut down a server that still runs on our data: two of them on the same files would destroy them."""
        try:
            port = int(self._port_note.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return
        found = PASSWORD_LINE.search(self._config.read_text(encoding="ascii")) if self._config.exists() else None
        deadline = time.monotonic() + patience_s
        with _client(port, found["password"] if found else None) as left_over:
            while _dir_of(left_over) == self.data_dir:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"A server on port {port} still uses {self.data_dir} and doesn't stop. End it first."
                    )
                with suppress(redis.RedisError):
                    left_over.shutdown(nosave=True)
                time.sleep(0.05)


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user can read from its first moment on."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(text)
    new.replace(file)


def _client(port: int, password: str | None) -> redis.Redis:
    """A server without a password takes any, if the name of the default user comes with it."""
    return redis.Redis(
        host=LOOPBACK,
        port=port,
        username="default" if password else None,
        password=password,
        decode_responses=True,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )


def _dir_of(client: redis.Redis) -> Path | None:
    """Where a server keeps its data; None when no server answers, or one that refuses to say."""
    try:
        return Path(str(client.config_get("dir")["dir"])).resolve()
    except redis.RedisError:
        return None


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
