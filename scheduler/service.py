"""The running scheduler: a runner for each queue, to which the tick scheduler offers the ticks."""

from __future__ import annotations

import logging
import time

from middleware.queues.windows import Windows
from middleware.redis_link.outage import Outage
from middleware.words import counted

from .cadence import Cadence
from .clock import Clock
from .runner import QueueRunner
from .timing import TickScheduler

STOP_WITHIN_S = 0.4

logger = logging.getLogger(__name__)


class Service:
    """Puts a cadence in force and opens its windows until it is stopped."""

    def __init__(self, cadence: Cadence, windows: Windows, clock: Clock, outage: Outage | None = None) -> None:
        self._cadence = cadence
        self._runners = {name: QueueRunner(queue, windows, clock, outage) for name, queue in cadence.queues.items()}
        self._scheduler = TickScheduler(clock)

    def start(self) -> None:
        for runner in self._runners.values():
            runner.start()
        self._scheduler.start()
        self.put(self._cadence)

    def put(self, cadence: Cadence) -> None:
        """Put another cadence of the same queues in force, between two ticks."""
        for name, queue in cadence.queues.items():
            runner = self._runners[name]
            runner.change(queue)
            self._scheduler.plan(name, queue.timetable, runner.offer, runner.begin)
        self._cadence = cadence

    def stop(self) -> None:
        """End within half a second, whatever Redis does. Open windows stay open."""
        self._scheduler.shutdown(wait=False)
        for runner in self._runners.values():
            runner.stop()
        deadline = time.monotonic() + STOP_WITHIN_S
        for runner in self._runners.values():
            runner.join(max(0.0, deadline - time.monotonic()))
            others, missed = runner.opened_by_others, runner.missed
            logger.info(
                "Queue %s: %s opened here%s%s.",
                *(runner.queue, counted(runner.opened, "window")),
                f", {others:,} by other schedulers" if others else "",
                f", {counted(missed, 'tick')} missed" if missed else "",
            )
