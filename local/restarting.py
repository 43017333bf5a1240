"""A process of the Procfile that is started again when it asks for it by its exit status."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

import honcho.process

from middleware.redis_link.backoff import Backoff

START_AGAIN = os.EX_TEMPFAIL
"""The exit status (75, sysexits.h) of a process that can't go on but can start again, such as a worker that has lost
all of its threads to tasks that hang."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
LONG_ENOUGH_S = 60.0
"""A process that has run for this long is started again after the first pause, however often it ended before."""


class RestartingProcess(honcho.process.Process):  # type: ignore[misc]
    """honcho's process, which runs in a process of its own and passes on the output of its child.

    It alone knows its present child. So it also sends SIGTERM to it, once, and starts no other after that. A pipe asks
    it to: a signal would interrupt its reading only if it came to the right thread at the right moment, and whoever
    sends SIGTERM to all processes has sent it to the child too, where a second one cuts a worker's shutdown short.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._requests, self._to_requests = os.pipe()
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Called in the process that started this one, a signal handler included: ask it to end its child."""
        os.write(self._to_requests, b".")

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the child, and again each time it has ended with status 75, until :meth:`stop`."""
        self._events = events
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _pass_over)
        threading.Thread(target=self._wait_for_stop, name="stop", daemon=True).start()
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        started_at = time.monotonic()
        while (status := self._run_child()) == START_AGAIN and not self._stopping.is_set():
            if time.monotonic() - started_at > LONG_ENOUGH_S:
                backoff.reset()
            pause_s = backoff.next_s()
            self._send_message(f"Ended with status {status} and is started again in {pause_s:g} s.")
            if self._stopping.wait(pause_s):
                break
            started_at = time.monotonic()
        self._send_message({"returncode": status}, type="stop")

    def _run_child(self) -> int:
        """
        Returns: the exit status.
        """
        child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": child.pid}, type="start")
        with self._lock:
            self._child = child
            if self._stopping.is_set():  # stop() came while the child started
                self._terminate()
        for line in iter(child.stdout.readline, b""):
            self._send_message(line)
        child.stdout.close()
        status: int = child.wait()
        return status

    def _wait_for_stop(self) -> None:
        os.read(self._requests, 1)
        with self._lock:
            self._stopping.set()
            if self._child is not None:
                self._terminate()

    def _terminate(self) -> None:
        """SIGTERM to the child and all that belong to it."""
        if self._child.returncode is None:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.killpg(self._child.pid, signal.SIGTERM)


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN, a handler isn't inherited by the child."""
