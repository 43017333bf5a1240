"""Submits the recurring jobs at their ticks, and keeps them in force."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from middleware.broker import LifoBroker
from middleware.clock import rfc3339
from middleware.commands.types import Skipped, Submitted, Tick, TickRefused
from middleware.errors import QueueFullError, RedisAwayError
from middleware.redis_link.backoff import Backoff
from middleware.telemetry.installed import sending
from middleware.words import counted

from .clock import Clock
from .recurring import Recurring
from .ticks_ahead import TicksAhead
from .timing import Fire

KEEP_EVERY_S = 5.0
"""How often recurring jobs are put in force again, with the ticks that come next: an emptied server has none."""
LONGEST_PAUSE_S = 0.25

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueTick:
    """A tick whose job is to be submitted, of the recurring job as it was when the tick came. ``is_begin``: it came
    before this scheduler."""

    job: Recurring
    tick_us: int
    is_begin: bool = False


class Submitter:
    """One thread and connection for all recurring jobs.

    Redis decides each tick once, in the call that accepts its job: so any number of schedulers may ask, and one that is
    killed may have asked. Of a recurring job the newest tick is taken alone, and for as long as it is of use.
    """

    def __init__(self, broker: LifoBroker, clock: Clock) -> None:
        self.submitted = self.skipped = self.decided_before = self.missed = 0
        self._broker = broker
        self._clock = clock
        self._news = threading.Condition()
        self._jobs: Mapping[str, Recurring] = {}
        self._put: Mapping[str, Recurring] | None = None
        self._logged: Mapping[str, Recurring] | None = None
        self._put_again_at = 0.0
        self._ahead: dict[str, TicksAhead] = {}
        self._begun: list[DueTick] = []
        self._offered: list[DueTick] = []
        self._due: dict[str, DueTick] = {}
        self._skipping: dict[str, str] = {}
        self._backoff = Backoff(longest_s=LONGEST_PAUSE_S)
        self._pause_s = 0.0
        self._outage = broker.redis.outage
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scheduler-recurring", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A call to Redis that hangs isn't waited for: the thread ends with the process."""
        with self._news:
            self._stopping = True
            self._news.notify()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def change(self, jobs: Mapping[str, Recurring]) -> None:
        """Put these in force and no others; ticks that were offered before stay due, and those that :meth:`begins` took
        are due from now on. Never blocks."""
        with self._news:
            self._jobs = dict(jobs)
            self._offered += self._begun
            self._begun = []
            self._news.notify()

    def offers(self, name: str) -> Fire:
        """What takes the ticks of a recurring job, as it is in force when they come. Never blocks."""
        return partial(self._offer, name)

    def begins(self, job: Recurring) -> Fire:
        """What takes the tick before the start, until :meth:`change`: if it is still of use, since nobody may have
        submitted its job. Never blocks."""
        return partial(self._begin, job)

    def step(self) -> None:
        """Do what is due; what Redis doesn't answer to is tried again by the next step."""
        with self._news:
            jobs = self._jobs
            offered, self._offered = self._offered, []
        for due in offered:
            if due.job.name in self._due:
                self._note_missed(self._due[due.job.name])
            self._due[due.job.name] = due
        self._pause_s = 0.0
        try:
            if jobs is not self._put or time.monotonic() >= self._put_again_at:
                self._put_in_force(jobs)
            for due in list(self._due.values()):
                if self._is_done(due):
                    del self._due[due.job.name]
        except (RedisAwayError, QueueFullError) as error:
            if isinstance(error, RedisAwayError):
                self._outage.failed(error, self._backoff)
            elif self._backoff.is_fresh:
                logger.warning("Recurring jobs: %s", error)
            self._put = None
            self._pause_s = self._backoff.next_s()
        else:
            self._backoff.reset()
            self._outage.succeeded()

    def _offer(self, name: str, tick_us: int) -> None:
        with self._news:
            if name in self._jobs:
                self._offered.append(DueTick(self._jobs[name], tick_us))
                self._news.notify()

    def _begin(self, job: Recurring, tick_us: int) -> None:
        if job.end_of(tick_us) > self._clock.now_us():
            self._begun.append(DueTick(job, tick_us, is_begin=True))

    def _run(self) -> None:
        while True:
            with self._news:
                if self._pause_s:
                    self._news.wait_for(lambda: self._stopping, self._pause_s)
                else:
                    left_s = max(0.0, self._put_again_at - time.monotonic()) if self._jobs else None
                    self._news.wait_for(self._has_news, left_s)
                if self._stopping:
                    return
            try:
                self.step()
            except Exception:
                logger.exception("Recurring jobs: the scheduler failed; it goes on.")
                self._pause_s = LONGEST_PAUSE_S

    def _has_news(self) -> bool:
        return self._stopping or bool(self._offered or self._due) or self._jobs is not self._put

    def _put_in_force(self, jobs: Mapping[str, Recurring]) -> None:
        now_us = self._clock.now_us()
        self._ahead = {
            name: ahead
            if (ahead := self._ahead.get(name)) is not None and ahead.timetable == job.timetable
            else TicksAhead(job.timetable)
            for name, job in jobs.items()
        }
        for queue in sorted(self._broker.get_declared_queues()):
            of_queue = [job for job in jobs.values() if job.task.queue == queue]
            # Once also where there are none: those that the cadence had before must go.
            if of_queue or jobs is not self._put:
                definitions = [job.definition(self._ahead[job.name].at(now_us)) for job in of_queue]
                self._broker.recurring.put(queue, definitions)
        if jobs and jobs is not self._logged:
            self._logged = jobs
            told = ", ".join(f"{job.name} {job.timetable}" for job in jobs.values())
            logger.info("Recurring jobs in force: %s.", told)
        self._put, self._put_again_at = jobs, time.monotonic() + KEEP_EVERY_S

    def _is_done(self, due: DueTick) -> bool:
        """Submit a tick's job if it is still of use; False: it must be tried again."""
        if due.job.end_of(due.tick_us) <= self._clock.now_us():
            self._note_missed(due)
            return True
        try:
            return self._submit(due)
        except (RedisAwayError, QueueFullError):
            raise
        except Exception:
            logger.exception("Recurring job %s: the tick of %s can't be submitted.", due.job.name, rfc3339(due.tick_us))
            return True

    def _submit(self, due: DueTick) -> bool:
        job, tick_us = due.job, due.tick_us
        message = job.message(tick_us)
        tick = Tick(job.name, tick_us // 1000, due.is_begin, job.skip_if_waiting)
        with sending([message]) as sent:
            sent.is_void = True  # each scheduler asks for each tick, again and again while Redis is away
            answer = self._broker.accept_tick(message, tick)
            sent.is_void = not isinstance(answer, Submitted)
        match answer:
            case Submitted(_, unnoted_us):
                self.submitted += 1
                self._skipping.pop(job.name, None)
                logger.debug("%s of %s is the job of the tick of %s.", message.message_id, job.name, rfc3339(tick_us))
                self._count_missed(due, unnoted_us)
            case Skipped(why, unnoted_us):
                self.skipped += 1
                self._note_skipped(due, why)
                self._count_missed(due, unnoted_us)
            case TickRefused("repeated"):
                self.decided_before += 1
            case TickRefused("unknown") if job.name not in self._jobs:
                pass  # the cadence has it no more, and the server was emptied
            case TickRefused(word):  # the server was emptied, or its clock is behind what was heard of it
                self._put = None if word == "unknown" else self._put
                self._pause_s = LONGEST_PAUSE_S
                return False
        return True

    def _count_missed(self, due: DueTick, unnoted_us: int) -> None:
        """Whoever submits counts the ticks before that nobody decided. None were in what the clock left out when it was
        set forward."""
        job = due.job
        missed = job.timetable.count_between(unnoted_us, due.tick_us, self._clock.skipped())
        if not missed:
            return
        tick = rfc3339(due.tick_us)
        logger.warning("Recurring job %s: missed %s before the one of %s.", job.name, counted(missed, "tick"), tick)
        try:
            self._broker.recurring.count_missed(job.task.queue, job.name, missed)
        except RedisAwayError as error:
            logger.warning("Recurring job %s: %s missed aren't counted: %s", job.name, counted(missed, "tick"), error)

    def _note_skipped(self, due: DueTick, why: str) -> None:
        """Once for each reason: a pause may last long."""
        if self._skipping.get(due.job.name) != why:
            self._skipping[due.job.name] = why
            told = "it is paused" if why == "paused" else "its last job still waits"
            tick = rfc3339(due.tick_us)
            logger.info("Recurring job %s: skips ticks from the one of %s on: %s.", due.job.name, tick, told)

    def _note_missed(self, due: DueTick) -> None:
        self.missed += 1
        tick = rfc3339(due.tick_us)
        logger.warning("Recurring job %s: nothing was submitted for the tick of %s.", due.job.name, tick)
