"""Waiting for an answer that is nearly there: looking for it a short while before the thread goes to sleep."""

from __future__ import annotations

import os
import select
import socket
import threading
import time

LONGEST_BREAK = 255
"""The most exchanges that are left out, after looking in vain again and again."""


class Spin:
    """Spin, then block: looks for an answer for up to ``bound_us`` µs before its thread sleeps.

    A thread that sleeps has to be woken by who answers, often on another core than it slept on: where the answer takes
    a tenth of a millisecond, that is a quarter of it (docs/decisions/0019). Between two looks the core is left to
    whoever else wants it. After looking in vain the next exchange isn't looked for, then the next three, seven, and so
    on: a server that is far, or busy, costs next to nothing.
    """

    def __init__(self, bound_us: int) -> None:
        self._bound_s = bound_us / 1_000_000
        self._poll = select.poll()
        self._left_out = self._break = 0

    def watch(self, connected: socket.socket) -> None:
        """Look at this connection from now on."""
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def look(self) -> None:
        """Return as soon as there is something to read, or when looking on isn't worth it."""
        if self._left_out < self._break:
            self._left_out += 1
            return
        self._left_out = 0
        poll, deadline = self._poll.poll, time.monotonic() + self._bound_s
        while not poll(0):
            if time.monotonic() >= deadline:
                self._break = min(2 * self._break + 1, LONGEST_BREAK)
                return
            os.sched_yield()
        self._break = 0


class LoneSpin(Spin):
    """Looks only while the process has a single thread. In any other, one that wants to run is kept from it by each
    look, for which the interpreter is needed."""

    def look(self) -> None:
        """As :meth:`Spin.look`."""
        if threading.active_count() == 1 and threading.current_thread() is threading.main_thread():
            super().look()
