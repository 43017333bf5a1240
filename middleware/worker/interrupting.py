"""How a running task is interrupted: as a thread, or as a greenlet where gevent has taken the place of threads."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any, Protocol

from dramatiq.middleware.threading import is_gevent_active, raise_thread_exception

Withdraw = Callable[[], None]
"""Takes an exception back that hasn't arrived. Only the one who was to get it may call this."""


class Interrupting(Protocol):
    """One of the two."""

    def here(self) -> Any:
        """Who runs now."""

    def interrupt(self, who: Any, error: type[BaseException]) -> Withdraw:
        """Raise an exception there, soon."""


class OfThreads:
    """The interpreter raises the exception before the thread's next instruction in Python."""

    def here(self) -> int:
        """The thread's number."""
        return threading.get_ident()

    def interrupt(self, who: int, error: type[BaseException]) -> Withdraw:
        """In that thread."""
        raise_thread_exception(who, error)

        def withdraw() -> None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(who), None)

        return withdraw


class OfGreenlets:
    """gevent's loop raises the exception where the greenlet waits."""

    def here(self) -> Any:
        """The greenlet."""
        import gevent  # noqa: PLC0415 -- only programs under gevent have it

        return gevent.getcurrent()

    def interrupt(self, who: Any, error: type[BaseException]) -> Withdraw:
        """In that greenlet."""
        import gevent  # noqa: PLC0415

        callback = gevent.get_hub().loop.run_callback(who.throw, error)
        withdraw: Withdraw = callback.stop
        return withdraw


def interrupting() -> Interrupting:
    """What fits this process."""
    return OfGreenlets() if is_gevent_active() else OfThreads()
