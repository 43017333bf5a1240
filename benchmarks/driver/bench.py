"""What a turn works with: a folder, a fresh server, processes, and sizes. Everything ends with the turn."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self, TypeVar

import redis

from local.embedded import EmbeddedServer, free_port

from .processes import Process, environment

T = TypeVar("T")


class Bench:
    """One turn's workbench; a context manager that ends all that was started on it."""

    def __init__(self, size: Literal["tiny", "quick", "full"]) -> None:
        self.size = size
        self._ending = ExitStack()
        self.folder = Path(self._ending.enter_context(TemporaryDirectory(prefix="lastin-bench-")))
        self._server: EmbeddedServer | None = None

    def pick(self, tiny: T, quick: T, full: T) -> T:
        """The value for the size of this run."""
        return {"tiny": tiny, "quick": quick, "full": full}[self.size]

    @property
    def server(self) -> EmbeddedServer:
        """A fresh server of this turn's own, as ``make run`` starts it, append-only file included."""
        if self._server is None:
            self._server = EmbeddedServer(self.folder / "redis")
            self._ending.callback(self._server.stop)
            self._server.start()
        return self._server

    def client(self) -> redis.Redis:
        """A client of that server."""
        client: redis.Redis = self._ending.enter_context(self.server.client())
        return client

    def start(self, command: Sequence[str], **settings: str) -> Process:
        """Start a process with these settings in its environment; it is stopped at the end of the turn."""
        process = Process(command, self.folder, environment(REDIS_URL=self.server.url, **settings))
        self._ending.callback(process.stop)
        return process

    def hand(self, command: Sequence[str], **settings: str) -> dict[str, Any]:
        """Run a process to its end, and read the JSON object that it prints last.

        Raises:
          RuntimeError: it failed; with what it wrote.
        """
        return self.start(command, **settings).answer()

    @property
    def journal(self) -> Path:
        """Where tasks write their starts (``peers/queue.py``)."""
        return self.folder / "journal"

    def port(self) -> int:
        """A port of loopback that is free now."""
        return free_port()

    def wait_until(self, condition: Callable[[], T], what: str, patience_s: float = 60, every_s: float = 0.01) -> T:
        """Call ``condition`` until its value is true and return that.

        Raises:
          TimeoutError: it wasn't in time.
        """
        deadline = time.monotonic() + patience_s
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {patience_s:g} s for {what}; the last value was {value!r}")
            time.sleep(every_s)
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()


PYTHON = sys.executable
SCRIPTS = Path(sys.executable).parent
"""Where the commands of installed packages are."""

CORES = os.cpu_count() or 1

Settings = Mapping[str, str]
