"""What ``make run`` looks after while the processes run."""

from __future__ import annotations

import os
import signal
import ssl
import threading
import urllib.error
import urllib.request
from pathlib import Path

from middleware.processes.server_program import EmbeddedServerError

from . import leftovers
from .embedded import EmbeddedServer
from .procfile import ProcfileManager

NEXT = """
  submit a job    curl {url}v1/jobs -H 'Content-Type: application/json' -d '{{"message": "Hello"}}'
  watch it run    {url}dashboard
  read the API    {url}docs
"""
"""What to try next, for people."""


class Supervisor(threading.Thread):
    """A thread that notes the processes, says when the API answers, and starts a server again that died."""

    def __init__(self, manager: ProcfileManager, server: EmbeddedServer | None, *, url: str, note: Path) -> None:
        """``url``: where the API will answer; ``note``: the file in which the processes are noted."""
        super().__init__(name="supervisor", daemon=True)
        self._manager = manager
        self._server = server
        self._url = url
        self._note = note
        self._noted: list[int] = []
        self._has_announced = False
        self._stopping = threading.Event()

    def run(self) -> None:
        """Ten times a second, until :meth:`stop`."""
        while not self._stopping.wait(0.1):
            self._note_processes()
            self._has_announced = self._has_announced or self._announce()
            if self._server is not None and not self._server.is_alive:
                self._restart(self._server)

    def stop(self) -> None:
        """From now on the server may end."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def _note_processes(self) -> None:
        """Once all are there, and again when one of them was started again."""
        if self._manager.have_all_started() and (pids := self._manager.pids()) != self._noted:
            leftovers.write(self._note, self._manager.processes())
            self._noted = pids

    def _announce(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}healthz", timeout=1, context=_any_certificate()):  # noqa: S310
                pass
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        self._manager.say(f"LastIn answers on {self._url} (Ctrl-C stops it).")
        self._manager.show(NEXT.format(url=self._url))
        return True

    def _restart(self, server: EmbeddedServer) -> None:
        self._manager.say("The embedded server died and is started again.", "WARNING")
        try:
            server.start()
        except EmbeddedServerError as error:
            self._manager.failure = str(error)
            self._stopping.set()
            os.kill(os.getpid(), signal.SIGTERM)


def _any_certificate() -> ssl.SSLContext:
    """Whether our own process answers on this machine doesn't hang on the name in its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
