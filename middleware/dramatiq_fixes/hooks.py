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

Busy = tuple[str, list[Middleware]]

OF_EACH_JOB = {"process_message", "ack"}
"""Only of these it is remembered who does something …"""

FORGETTING = {"declare_actor", "worker_boot"}
"""… until one of these."""

UNSTOPPABLE = {"ack", "nack"}
"""Before these, middleware can't refuse: Dramatiq would leave the job unsettled, held by its worker for ever."""


class HookedBroker(dramatiq.Broker):
    """A broker whose signals reach the same hooks in the same order as Dramatiq's own, and fail in the same way."""

    def __init__(self, middleware: list[Middleware] | None = None) -> None:
        self._before: dict[str, Busy] = {}
        self._after: dict[str, Busy] = {}
        self._hooked: list[Middleware] = []
        super().__init__(middleware)

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the hooks ``before_{signal}``."""
        if self._hooked != self.middleware:  # programs may change the list itself
            self._forget()
        name, busy = self._before.get(signal) or self._look_up("before_", signal)
        for middleware in busy:
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
        if self._hooked != self.middleware:
            self._forget()
        name, busy = self._after.get(signal) or self._look_up("after_", signal)
        for middleware in busy:
            try:
                getattr(middleware, name)(self, *args, **kwargs)
            except Exception:
                self._log_failure(name, middleware)

    def _look_up(self, when: str, signal: str) -> Busy:
        """The name of the hook, and the middleware in which it does something, in the order of their calls."""
        if signal in FORGETTING:
            self._forget()
        name, is_before = when + signal, when == "before_"
        inwards: Iterable[Middleware] = self._hooked if is_before else reversed(self._hooked)
        found = name, [middleware for middleware in inwards if _does_something(middleware, name)]
        if signal in OF_EACH_JOB:
            (self._before if is_before else self._after)[signal] = found
        return found

    def _forget(self) -> None:
        self._before, self._after, self._hooked = {}, {}, list(self.middleware)

    def _log_failure(self, name: str, middleware: Middleware) -> None:
        self.logger.critical("Unexpected failure in %s of %r.", name, middleware, exc_info=True)


def _does_something(middleware: Middleware, name: str) -> bool:
    """Hooks that Dramatiq doesn't know are there only where they do something."""
    idle, hook = getattr(Middleware, name, None), getattr(middleware, name, None)
    return hook is not None and (idle is None or getattr(hook, "__func__", None) is not idle)
