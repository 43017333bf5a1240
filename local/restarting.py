"""A process of the Procfile that is started again when it asks for it by its exit status."""

from __future__ import annotations

import os
import signal
import time
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
STOP = signal.SIGUSR1
"""Asks the process in which :meth:`RestartingProcess.run` runs to stop. SIGTERM won't do: whoever sends that to all
processes has sent it to the child too, and a second one cuts a worker's shutdown short."""


class RestartingProcess(honcho.process.Process):  # type: ignore[misc]
    """honcho's process, which runs in a process of its own and passes on the output of its child.

    It alone knows its present child. So it also sends SIGTERM to it, once, and starts no other after that.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._stopping = False
        self._terminated = 0

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the child, and again each time it has ended with status 75, until :data:`STOP` comes."""
        self._events = events
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _pass_over)
        signal.signal(STOP, self._stop)
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        started_at = time.monotonic()
        while (status := self._run_child()) == START_AGAIN and not self._stopping:
            if time.monotonic() - started_at > LONG_ENOUGH_S:
                backoff.reset()
            pause_s = backoff.next_s()
            self._send_message(f"Ended with status {status} and is started again in {pause_s:g} s.")
            if not self._sleep(pause_s):
                break
            started_at = time.monotonic()
        self._send_message({"returncode": status}, type="stop")

    def _run_child(self) -> int:
        """
        Returns: the exit status.
        """
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": self._child.pid}, type="start")
        if self._stopping:  # STOP came while the child started
            self._terminate()
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)
        self._child.stdout.close()
        status: int = self._child.wait()
        return status

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if self._child is not None:
            self._terminate()

    def _terminate(self) -> None:
        """SIGTERM to the child and all that belong to it, once."""
        if self._terminated != self._child.pid and self._child.returncode is None:
            self._terminated = self._child.pid
            os.killpg(self._child.pid, signal.SIGTERM)

    def _sleep(self, seconds: float) -> bool:
        """In short steps, since a signal handler can't wake a thread that sleeps.

        Returns: False when somebody has said :data:`STOP`.
        """
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.05)
        return not self._stopping


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN, a handler isn't inherited by the child."""
