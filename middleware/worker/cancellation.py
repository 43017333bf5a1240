"""Stopping a running task: an exception in its thread, only ever raised while the task itself runs."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import dramatiq

from ..commands import keys
from ..errors import RedisAwayError
from ..redis_link.backoff import LONGEST_PAUSE_S
from ..redis_link.link import Link
from .context import current_delivery
from .delivery import Cancelled, Delivery
from .interrupting import Withdraw, interrupting

LISTEN_S = 1.0


class Cancellation(dramatiq.Middleware):
    """Dramatiq middleware that can interrupt tasks. ``interrupt=False`` on an actor leaves it at the flag, which the
    task may look at (:func:`context.cancel_requested`).

    An asynchronous exception that arrives after the task ended would kill the worker thread. So the function itself is
    wrapped: the exception is raised only under a lock and while the function runs, and withdrawn under the same lock
    if it has not arrived by the function's end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupting = interrupting()
        self._running: dict[int, Any] = {}  # by id(delivery): its token may be renewed
        self._interrupted: dict[int, Withdraw] = {}

    @property
    def actor_options(self) -> set[str]:
        """Options that actors may set."""
        return {"interrupt"}

    def after_declare_actor(self, broker: dramatiq.Broker, actor: dramatiq.Actor[Any, Any]) -> None:
        """Wrap the function, so that interrupting knows when it runs. And let Dramatiq know that a task which stops as
        it was asked to hasn't failed: otherwise it would log a traceback, and a retry that never happens."""
        expected = actor.options.get("throws") or ()
        actor.options["throws"] = (*(expected if isinstance(expected, tuple) else (expected,)), Cancelled)
        if actor.options.get("interrupt", True):
            actor.fn = self._interruptible(actor.fn)

    def request(self, delivery: Delivery) -> None:
        """Set the delivery's flag, and interrupt the task if it runs and may be interrupted."""
        delivery.cancel_requested = True
        with self._lock:
            runner = self._running.get(id(delivery))
            if runner is not None and id(delivery) not in self._interrupted:
                self._interrupted[id(delivery)] = self._interrupting.interrupt(runner, Cancelled)

    def _interruptible(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            delivery = current_delivery()
            if delivery is None:
                return function(*args, **kwargs)
            try:
                try:
                    self._enter(delivery)
                    return function(*args, **kwargs)
                finally:
                    self._withdraw(delivery)
            except Cancelled:
                # It may have arrived while it was being withdrawn. It can't come a second time.
                self._withdraw(delivery)
                raise

        return run

    def _enter(self, delivery: Delivery) -> None:
        with self._lock:
            self._running[id(delivery)] = self._interrupting.here()
        if delivery.cancel_requested:
            raise Cancelled("cancelled before it began")

    def _withdraw(self, delivery: Delivery) -> None:
        with self._lock:
            self._running.pop(id(delivery), None)
            if (withdraw := self._interrupted.pop(id(delivery), None)) is not None:
                withdraw()


class Listener(threading.Thread):
    """Hears at once which running jobs were asked to stop; what it misses while Redis is away, the heartbeats find."""

    def __init__(self, link: Link, on_cancel: Callable[[str], None]) -> None:
        super().__init__(name="lastin-cancellations", daemon=True)
        self._link = link
        self._on_cancel = on_cancel
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until :meth:`stop`."""
        subscribed = False
        while not self._stopping.is_set():
            try:
                if not subscribed:
                    self._link.send("SUBSCRIBE", keys.cancellations())
                    subscribed = True
                heard = self._link.wait(LISTEN_S)
            except RedisAwayError:
                subscribed = False
                self._stopping.wait(LONGEST_PAUSE_S)
                continue
            if heard is not None and heard[0][0] == b"message":
                self._on_cancel(heard[0][2].decode())
        self._link.close()

    def stop(self) -> None:
        """End within a second; the thread closes its connection itself."""
        self._stopping.set()
