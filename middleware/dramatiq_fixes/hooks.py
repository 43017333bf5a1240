"""Calling middleware: only the hooks that do something.

Dramatiq calls every hook of every middleware for every signal, four signals a job; most of them are its base class's,
which do nothing. Leaving those out saves about a fifth of what a small job costs (docs/performance.md).

Programs may add middleware at any time, and tests replace hooks. So which middleware has something to do for a job is
looked up anew when the list of middleware has changed, or a worker boots; and which function a hook is, at each call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware, MiddlewareError

OF_EACH_JOB = {"before_process_message", "after_process_message", "before_ack", "after_ack"}
"""Only of these it is remembered who does something …"""

FORGETTING = {"before_declare_actor", "before_worker_boot"}
"""… until one of these."""

UNSTOPPABLE = {"ack", "nack"}
"""Before these, middleware can't refuse: Dramatiq would leave the job unsettled, held by its worker for ever."""


class HookedBroker(dramatiq.Broker):
    """A broker whose signals reach the same hooks in the same order as Dramatiq's own, and fail in the same way."""

    def __init__(self, middleware: list[Middleware] | None = None) -> None:
        self._busy: dict[str, list[Middleware]] = {}
        self._hooked: list[Middleware] = []
        super().__init__(middleware)

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the hooks ``before_{signal}``."""
        name = "before_" + signal
        for middleware in self._those_with(name):
            try:
                getattr(middleware, name)(self, *args, **kwargs)
            except MiddlewareError:
                if signal not in UNSTOPPABLE:
                    raise
                self._log_failure(name, middleware)
            except Exception:
                self._log_failure(name, middleware)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the hooks ``after_{signal}``, in reverse order."""
        name = "after_" + signal
        for middleware in self._those_with(name):
            try:
                getattr(middleware, name)(self, *args, **kwargs)
            except Exception:
                self._log_failure(name, middleware)

    def _those_with(self, name: str) -> list[Middleware]:
        """The middleware whose hook of this name does something, in the order in which they are called."""
        if self._hooked != self.middleware:  # programs may change the list itself
            self._busy, self._hooked = {}, list(self.middleware)
        busy = self._busy.get(name)
        if busy is None:
            inwards: Iterable[Middleware] = self._hooked if name.startswith("before_") else reversed(self._hooked)
            busy = [middleware for middleware in inwards if _does_something(middleware, name)]
            if name in OF_EACH_JOB:
                self._busy[name] = busy
            elif name in FORGETTING:
                self._busy = {}
        return busy

    def _log_failure(self, name: str, middleware: Middleware) -> None:
        self.logger.critical("Unexpected failure in %s of %r.", name, middleware, exc_info=True)


def _does_something(middleware: Middleware, name: str) -> bool:
    idle = getattr(Middleware, name, None)
    return idle is None or getattr(getattr(middleware, name), "__func__", None) is not idle
