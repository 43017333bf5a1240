"""The running scheduler: a runner for each queue and a submitter of recurring jobs, which the tick scheduler tells."""

from __future__ import annotations

import logging
import time

from middleware.queues.windows import Windows
from middleware.redis_link.outage import Outage
from middleware.words import counted

from .cadence import Cadence
from .clock import Clock
from .runner import QueueRunner
from .submitter import Submitter
from .timing import TickScheduler

STOP_WITHIN_S = 0.4

logger = logging.getLogger(__name__)


class Service:
    """Puts a cadence in force, opens its windows and submits its jobs until it is stopped."""

    def __init__(
        self, cadence: Cadence, windows: Windows, submitter: Submitter, clock: Clock, outage: Outage | None = None
    ) -> None:
        self._cadence = cadence
        self._runners = {name: QueueRunner(queue, windows, clock, outage) for name, queue in cadence.queues.items()}
        self._submitter = submitter
        self._scheduler = TickScheduler(clock)

    def start(self) -> None:
        for runner in self._runners.values():
            runner.start()
        self._scheduler.start()
        self.put(self._cadence)
        self._submitter.start()

    def put(self, cadence: Cadence) -> None:
        """Put another cadence of the same queues in force, between two ticks."""
        for name, queue in cadence.queues.items():
            runner = self._runners[name]
            runner.change(queue)
            self._scheduler.plan(name, queue.timetable, runner.offer, runner.begin)
        for name in self._cadence.jobs.keys() - cadence.jobs.keys():
            self._scheduler.plan(tick_name(name), None, self._submitter.offers(name), _nothing)
        for name, job in cadence.jobs.items():
            self._scheduler.plan(
                tick_name(name), job.timetable, self._submitter.offers(name), self._submitter.begins(job)
            )
        # After what was due by the old cadence has been offered.
        self._submitter.change(cadence.jobs)
        self._cadence = cadence

    def stop(self) -> None:
        """End within half a second, whatever Redis does. Open windows stay open."""
        self._scheduler.shutdown(wait=False)
        for runner in self._runners.values():
            runner.stop()
        self._submitter.stop()
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
        self._submitter.join(max(0.0, deadline - time.monotonic()))
        if self._cadence.jobs:
            done = self._submitter
            logger.info(
                "Recurring jobs: %s submitted here%s%s%s.",
                counted(done.submitted, "job"),
                f", {counted(done.skipped, 'tick')} skipped" if done.skipped else "",
                f", {done.decided_before:,} decided before" if done.decided_before else "",
                f", {done.missed:,} missed" if done.missed else "",
            )


def tick_name(job: str) -> str:
    """What the tick scheduler calls a recurring job, beside queues: no queue can be called so."""
    return f"[jobs.{job}]"


def _nothing(tick_us: int) -> None:
    """What is planned no more begins with no tick."""
