"""A settler of its own, whose scripts let something happen at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from middleware.commands.queue_commands import QueueCommands
from middleware.worker.delivery import Delivery
from middleware.worker.idle_threads import IdleThreads
from middleware.worker.settling import Settler

from .scripted import LEASE_US, WORKER, ScriptedQueue

THREADS = 3


class HookedCommands(QueueCommands):
    """Real scripts; a hook can let something happen just before or after one of them runs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.begun: list[str] = []
        self.ran: list[str] = []

    def _begin(self, name: str, words: list[bytes], *, timed: bool = True) -> Callable[[], Any]:
        self.before.pop(name, lambda: None)()
        heard = super()._begin(name, words, timed=timed)
        self.begun.append(name)

        def answer() -> Any:
            result = heard()
            self.ran.append(name)
            self.after.pop(name, lambda: None)()
            return result

        return answer


class OneSettler:
    """A settler whose deliveries are kept in a list instead of being run; ``on_delivery`` is called with each."""

    def __init__(self, queue: ScriptedQueue) -> None:
        link = queue.broker.redis.new_link()
        self.commands = HookedCommands(queue.name, link, default_gate="open", now=queue.clock)
        self.idle_threads = IdleThreads(THREADS)
        self.delivered: list[Delivery] = []
        self.on_delivery: Callable[[Delivery], None] = lambda _: None
        self.settler = Settler(
            self.commands,
            link,
            worker=WORKER,
            lease_us=LEASE_US,
            idle_threads=self.idle_threads,
            deliver=self._deliver,
            on_due=lambda _: None,
        )

    def _deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)
        self.on_delivery(delivery)

    def claim(self, wanted: int = 1) -> list[Delivery]:
        """Take idle_threads and claim for them, as a consumer does."""
        self.idle_threads._idle -= wanted
        return self.settler.claim(wanted)


def leave(one: OneSettler, delivery: Delivery) -> None:
    """Leave a settlement that nobody sends by itself."""
    with one.settler._lock:
        one.settler.settle(delivery)


def in_another_thread(call: Callable[[], None]) -> None:
    """Run it in another thread, which must come back."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def raising(error: BaseException) -> Callable[[], None]:
    """A hook that raises."""

    def fail() -> None:
        raise error

    return fail
