"""Keeps one queue's policy in force and opens its windows."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from middleware.clock import rfc3339
from middleware.errors import QueueFullError, RedisAwayError, WindowRefusedError
from middleware.queues.policy import Policy
from middleware.queues.windows import Windows
from middleware.redis_link.backoff import Backoff
from middleware.redis_link.outage import Outage
from middleware.words import counted

from .cadence import QueueCadence
from .clock import JUMP_US, Clock
from .durations import format_duration
from .ticks_ahead import TicksAhead
from .timetable import Timetable

KEEP_EVERY_S = 2.0
"""How often the policy is written again, since a server that was emptied or replaced has none."""
LONGEST_PAUSE_S = 0.25
RING_AGAIN_S = (0.2, 0.6, 1.4)
"""When the doorbell is rung again after a window opened: a worker may have taken its token and then been stopped."""

logger = logging.getLogger(__name__)


class QueueRunner:
    """One queue's thread and connection, so that no queue waits for another.

    It takes the newest tick only, since the window of an older one is over. It tries to open a window for as long as
    that is of use. With any number of schedulers each tick opens one window, since Redis refuses the second.
    """

    def __init__(self, cadence: QueueCadence, windows: Windows, clock: Clock, outage: Outage | None = None) -> None:
        self.opened = self.opened_by_others = self.missed = 0
        self._cadence = cadence
        self._windows = windows
        self._clock = clock
        self._outage = outage or Outage()
        self._news = threading.Condition()
        self._offered: list[int] = []
        self._tick_us: int | None = None
        self._put: QueueCadence | None = None
        self._logged: Policy | None = None
        self._next: NextTick | None = None
        self._ahead: TicksAhead | None = None
        self._put_again_at = 0.0
        self._backoff = Backoff(longest_s=LONGEST_PAUSE_S)
        self._pause_s = 0.0
        self._rings: list[float] = []
        self._switches_seen_us = clock.now_us()
        self._missed_in_a_row = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"scheduler-{cadence.queue}", daemon=True)

    @property
    def queue(self) -> str:
        return self._cadence.queue

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A call to Redis that hangs isn't waited for: the thread ends with the process."""
        with self._news:
            self._stopping = True
            self._news.notify()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def offer(self, tick_us: int) -> None:
        """A tick is due. Never blocks."""
        with self._news:
            self._offered.append(tick_us)
            self._news.notify()

    def begin(self, tick_us: int) -> None:
        """Offer the tick before the start if its window isn't over, since nobody may have opened it. Never blocks."""
        now_us = self._clock.now_us()
        if self._cadence.end_of(tick_us, now_us) > now_us:
            self.offer(tick_us)

    def change(self, cadence: QueueCadence) -> None:
        """Put another cadence in force. Never blocks."""
        with self._news:
            self._cadence = cadence
            self._news.notify()

    def step(self) -> None:
        """Do what is due; what Redis doesn't answer to is tried again by the next step."""
        with self._news:
            cadence = self._cadence
            offered, self._offered = self._offered, []
        for tick_us in offered:
            if self._tick_us is not None:
                self._note_missed(self._tick_us)
            self._tick_us = tick_us
        try:
            if cadence != self._put or time.monotonic() >= self._put_again_at:
                self._put_policy(cadence)
            if self._tick_us is not None:
                self._open(cadence, self._tick_us)
            self._ring_again()
            self._pause_s = 0.0
            self._backoff.reset()
            self._outage.succeeded()
        except (RedisAwayError, QueueFullError) as error:
            if isinstance(error, RedisAwayError):
                self._outage.failed(error, self._backoff)
            elif self._backoff.is_fresh:
                logger.warning("Queue %s: %s", self.queue, error)
            self._put = None
            self._pause_s = self._backoff.next_s()

    def _run(self) -> None:
        while True:
            with self._news:
                if self._pause_s:
                    self._news.wait_for(lambda: self._stopping, self._pause_s)
                else:
                    wake_at = min([self._put_again_at, *self._rings])
                    self._news.wait_for(self._has_news, max(0.0, wake_at - time.monotonic()))
                if self._stopping:
                    return
            try:
                self.step()
            except Exception:
                logger.exception("Queue %s: the scheduler failed; it goes on.", self.queue)
                self._pause_s = LONGEST_PAUSE_S

    def _has_news(self) -> bool:
        waits = self._tick_us is not None or bool(self._offered)
        return self._stopping or waits or self._cadence != self._put

    def _put_policy(self, cadence: QueueCadence) -> bool:
        policy = policy_of(cadence)
        next_tick_ms = self._next_tick_ms(cadence, self._clock.now_us())
        # The later ones may take a while to find, and nobody waits for them: not before the first window opens.
        later_ms = self._later_ticks_ms(cadence) if cadence == self._put else []
        changed = self._windows.put_policy(self.queue, policy, next_tick_ms=next_tick_ms, later_ticks_ms=later_ms)
        self._put, self._put_again_at = cadence, time.monotonic() + KEEP_EVERY_S
        if policy.goes_by_groups and self._windows.index_groups(self.queue):
            self._put_again_at = time.monotonic()
        if changed or self._logged is None:
            logger.info("Queue %s: %s.", self.queue, policy.in_words())
        self._logged = policy
        if cadence.order == "adaptive":
            self._log_switches()
        return changed

    def _log_switches(self) -> None:
        """Log changes of the adaptive order, which the scripts make wherever they are called."""
        now_us = self._clock.now_us()
        if self._switches_seen_us > now_us + JUMP_US:
            self._switches_seen_us = now_us  # the clock was set back
        for switch in reversed(self._windows.switches(self.queue)):
            if switch.at_us > self._switches_seen_us:
                self._switches_seen_us = switch.at_us
                waited = format_duration(switch.waited_us)
                logger.info(
                    "Queue %s: claims go in %s order since %s, when the oldest job had waited %s.",
                    *(self.queue, switch.order, rfc3339(switch.at_us), waited),
                )

    def _open(self, cadence: QueueCadence, tick_us: int) -> None:
        now_us, timetable = self._clock.now_us(), cadence.timetable
        left_us = cadence.end_of(tick_us, now_us) - now_us
        if left_us <= 0:
            self._note_missed(tick_us)
            self._tick_us = None
            return
        try:
            window = self._windows.open(
                self.queue,
                opened_by="tick",
                tick_ms=tick_us // 1000,
                credits=cadence.batch,
                lasts_us=left_us,
                next_tick_ms=self._next_tick_ms(cadence, max(tick_us, now_us)),
                missed_since=lambda time_us: self._count_missed(timetable, time_us, tick_us),
            )
        except WindowRefusedError as refused:
            if self._put_policy(cadence):
                return  # Redis had lost the policy: with it the same tick may be opened
            self.opened_by_others += 1
            logger.debug("%s", refused)
        else:
            self.opened += 1
            self._rings = [time.monotonic() + after_s for after_s in RING_AGAIN_S] if window.is_open else []
            late_ms = (window.opened_at_us - tick_us) / 1000
            logger.debug("Window %s opened for the tick of %s, %.1f ms late.", window.id, rfc3339(tick_us), late_ms)
        self._tick_us = None
        if self._missed_in_a_row:
            logger.warning(
                "Queue %s: windows open again; nobody opened one for %s.",
                *(self.queue, counted(self._missed_in_a_row, "tick")),
            )
            self._missed_in_a_row = 0

    def _ring_again(self) -> None:
        """Where jobs still wait in the open window, wake a worker for them."""
        now = time.monotonic()
        if self._rings and self._rings[0] <= now:
            self._rings = [at for at in self._rings if at > now]
            if not self._windows.ring_again(self.queue):
                self._rings = []

    def _next_tick_ms(self, cadence: QueueCadence, after_us: int) -> int | None:
        """The first tick later than that. A long blackout takes a while to go through, so the last answer is kept."""
        if cadence.timetable is None:
            return None
        if self._next is None or not self._next.holds(cadence, after_us):
            self._next = NextTick(cadence, after_us, cadence.timetable.after(after_us))
        return None if self._next.tick_us is None else self._next.tick_us // 1000

    def _later_ticks_ms(self, cadence: QueueCadence) -> list[int]:
        """The ticks after the next one, where they don't come in even steps."""
        if cadence.timetable is None or cadence.timetable.period_us is not None:
            return []
        if self._ahead is None or self._ahead.timetable != cadence.timetable:
            self._ahead = TicksAhead(cadence.timetable)
        return [tick_us // 1000 for tick_us in self._ahead.at(self._clock.now_us())[1:]]

    def _count_missed(self, timetable: Timetable | None, since_us: int, tick_us: int) -> int:
        """How many ticks nobody opened. There were none in what the clock left out when it was set forward."""
        return timetable.count_between(since_us, tick_us, self._clock.skipped()) if timetable else 0

    def _note_missed(self, tick_us: int) -> None:
        self.missed += 1
        self._missed_in_a_row += 1
        if self._missed_in_a_row == 1:
            logger.warning("Queue %s: no window was opened for the tick of %s.", self.queue, rfc3339(tick_us))


@dataclass(frozen=True, slots=True)
class NextTick:
    """The first tick of a cadence later than ``after_us``."""

    cadence: QueueCadence
    after_us: int
    tick_us: int | None

    def holds(self, cadence: QueueCadence, after_us: int) -> bool:
        """Whether it is also the first one later than another time, which is earlier when the clock was set back."""
        return cadence is self.cadence and self.after_us <= after_us and (self.tick_us or 0) > after_us


def policy_of(cadence: QueueCadence) -> Policy:
    """The part of a queue's cadence that Redis needs."""
    return Policy(
        mode=cadence.mode,
        order=cadence.order,
        oldest_share_ppm=cadence.oldest_share_ppm,
        batch=cadence.batch,
        close_when_empty=cadence.close_when_empty,
        lasts_us=cadence.lasts_us or 0,
        lifo_above_us=cadence.lifo_above_us,
        lifo_below_us=cadence.lifo_below_us,
        period_us=(cadence.timetable and cadence.timetable.period_us) or 0,
        timetable="" if cadence.timetable is None else str(cadence.timetable),
        max_running=cadence.max_running,
        max_running_per_group=cadence.max_running_per_group,
        share_by_group=cadence.share_by_group,
        order_by=cadence.order_by,
    )
