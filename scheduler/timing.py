"""APScheduler, made to fire ticks by a given clock, each with the time it was planned for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from middleware.clock import rfc3339, to_us

from .clock import JUMP_US, Clock, from_us
from .timetable import Timetable

LOOK_EVERY_S = 0.5
"""The longest time until it notices that a clock jumped, or that the machine slept."""

logger = logging.getLogger(__name__)

Fire = Callable[[int], None]


class TickTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The ticks of a timetable, one after the other."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        tick_us = self.timetable.after(to_us(previous_fire_time or now))
        return None if tick_us is None else from_us(tick_us)


class PlannedTimeExecutor(BaseExecutor):  # type: ignore[misc]
    """Calls a job at once with the time that it was planned for, in µs. A job must hand over its work, not do it."""

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        try:
            job.func(to_us(run_times[-1]))
        except Exception as error:
            self._run_job_error(job.id, error, error.__traceback__)
        else:
            self._run_job_success(job.id, [])


class TickScheduler(BackgroundScheduler):  # type: ignore[misc]
    """One APScheduler job for each queue and each recurring job, fired at its ticks from a thread of its own.

    APScheduler's own round reads the machine's clock, sleeps until the next tick however far that is, and goes through
    every tick that was missed. This one reads the clock it is given, looks again twice a second, and of the ticks that
    passed meanwhile fires the last: the others are over.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(timezone=UTC, executors={"default": PlannedTimeExecutor()})
        self._clock = clock
        self._looked_us = clock.now_us()

    def plan(self, name: str, timetable: Timetable | None, fire: Fire, begin: Fire) -> None:
        """Fire at the ticks of ``timetable`` from now on, at none when it is None.

        What was due by the timetable before is fired first, and the new one begins after that: no tick is missed, none
        fired again. What had no timetable begins with the tick before now, which may still be of use: ``begin``.
        """
        with self._jobstores_lock:
            now_us = self._clock.now_us()
            self._fire_due(now_us)
            job = self.get_job(name)
            if job is not None and (timetable is None or timetable != job.trigger.timetable):
                self.remove_job(name)
            if timetable is None or (job is not None and timetable == job.trigger.timetable):
                return
            if job is None and (current_us := timetable.until(now_us)) is not None:
                begin(current_us)
            trigger = TickTrigger(timetable)
            first = trigger.get_next_fire_time(None, from_us(now_us))
            # APScheduler wants to see an argument for every parameter; the executor gives the real one.
            self.add_job(fire, trigger, args=[0], id=name, next_run_time=first)

    def _process_jobs(self) -> float:
        try:
            return self._look()
        except Exception:
            logger.exception("Looking for ticks failed; it goes on.")
            return LOOK_EVERY_S

    def _look(self) -> float:
        with self._jobstores_lock:
            now_us = self._clock.now_us()
            if now_us < self._looked_us - JUMP_US:  # by less it only repeats times whose ticks have been fired
                self._plan_anew(now_us)
            self._looked_us = now_us
            self._fire_due(now_us)
            upcoming = self._lookup_jobstore("default").get_next_run_time()
        if upcoming is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(0.0, (to_us(upcoming) - self._clock.now_us()) / 1e6))

    def _fire_due(self, now_us: int) -> None:
        now = from_us(now_us)
        for job in self._lookup_jobstore("default").get_due_jobs(now):
            timetable, first_us = job.trigger.timetable, to_us(job.next_run_time)
            tick_us = timetable.until(now_us)
            if timetable.has_between(first_us - 1, tick_us or now_us, self._clock.skipped()):
                logger.warning("Ticks of %s since %s passed unseen.", job.id, job.next_run_time.isoformat())
            if tick_us is not None:
                self._lookup_executor(job.executor).submit_job(job, [from_us(tick_us)])
            self._plan_job(job, job.trigger.get_next_fire_time(None, now))

    def _plan_anew(self, now_us: int) -> None:
        """After the clock was set back. Ticks whose windows have been opened come again: Redis refuses them."""
        logger.warning("The clock was set back to %s; ticks are planned anew.", rfc3339(now_us))
        for job in self.get_jobs():
            self._plan_job(job, job.trigger.get_next_fire_time(None, from_us(now_us)))

    def _plan_job(self, job: Any, time: datetime | None) -> None:
        if time is None:
            self.remove_job(job.id)
        else:
            self.modify_job(job.id, next_run_time=time)
