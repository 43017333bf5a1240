"""What must happen in time: heartbeats, promoting due jobs, reclaiming lost ones, pruning finished ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from redis.exceptions import ResponseError

from ..commands.client import RedisClient
from ..commands.queue_commands import QueueCommands
from ..commands.types import Token
from ..errors import RedisAwayError
from ..redis_link.backoff import Backoff
from ..settings import Settings
from .registry import Registration
from .retention import Retention
from .server_safety import SafetyWatch

LONGEST_ROUND_S = 5.0
ROUNDS_WITHOUT_PRUNING = 2
"""After there was nothing to prune."""

logger = logging.getLogger(__name__)


class Maintenance:
    """A thread that looks after all queues. It runs in every worker process and in the scheduler.

    It makes a round every third of a lease (at most 5 s apart), and in between wakes when a job falls due or a lease
    ends, to the millisecond. Once a minute it looks at whether the server is set up safely.
    """

    def __init__(
        self,
        redis: RedisClient,
        settings: Settings,
        queues: Callable[[], Iterable[str]],
        *,
        held: Callable[[str], list[Token]] = lambda queue: [],
        on_cancel: Callable[[str], None] = lambda id: None,
        on_lost: Callable[[str, str], None] = lambda queue, id: None,
        registration: Registration | None = None,
        safety: SafetyWatch | None = None,
    ) -> None:
        self._redis = redis
        self._settings = settings
        self._queues = queues
        self._link = redis.new_link()
        self._lease_us = settings.lease_us
        self._round_s = min(LONGEST_ROUND_S, settings.lease_us / 3e6)
        # No heartbeat for two rounds: Redis was away. Less than a lease, so that leases can't run out unnoticed.
        self._silence_us = int(2 * self._round_s * 1e6)
        self._retention = Retention(redis, settings)
        self._held = held
        self._on_cancel = on_cancel
        self._on_lost = on_lost
        self._registration = registration
        self._safety = safety
        self._due: dict[str, float] = {}
        self._lease_end: dict[str, float] = {}
        self._rounds_to_leave_out = 0
        self._next_round = 0.0
        self._changed = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first round is made at once."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name="lastin-maintenance", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread."""
        with self._changed:
            self._running = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=2)
        self._link.close()

    def expect_due(self, queue: str, until_due_us: int) -> None:
        """Somebody heard in how many µs the next job falls due; -1: never."""
        if until_due_us < 0:
            return
        at = time.monotonic() + until_due_us / 1e6
        if at < self._due.get(queue, float("inf")):
            with self._changed:
                self._due[queue] = at
                self._changed.notify()

    def hurry(self) -> None:
        """Make the next round at once."""
        with self._changed:
            self._next_round = 0.0
            self._changed.notify()

    def _run(self) -> None:
        backoff = Backoff()
        while self._running:
            try:
                self._work()
                backoff.reset()
                self._redis.outage.succeeded()
                self._sleep()
            except RedisAwayError as error:
                self._redis.outage.failed(error, backoff)
                self._next_round = 0.0
                time.sleep(backoff.next_s())
            except Exception:
                logger.exception("Maintenance failed; it goes on in a second.")
                time.sleep(1)
        self._leave()

    def _work(self) -> None:
        now = time.monotonic()
        if now >= self._next_round:
            self._next_round = now + self._round_s
            if self._safety is not None:
                self._safety.look_when_due(self._link)
            for queue in self._queues():
                self._look_after(queue, self._make_round)
            self._prune()
            self._register()
            return
        for queue in [queue for queue, at in list(self._due.items()) if at <= now]:
            self._look_after(queue, self._promote)
        for queue in [queue for queue, at in self._lease_end.items() if at <= now]:
            self._look_after(queue, self._reclaim)

    @staticmethod
    def _look_after(queue: str, work: Callable[[str], None]) -> None:
        """What goes wrong in one queue must not cost the others their heartbeats."""
        try:
            work(queue)
        except RedisAwayError:
            raise
        except Exception:
            logger.exception("Maintenance of queue %r failed; the next round tries again.", queue)

    def _register(self) -> None:
        if self._registration is None:
            return
        try:
            self._registration.renew(self._link)
        except ResponseError:
            logger.exception("This process can't be registered; the next round tries again.")

    def _leave(self) -> None:
        if self._registration is None:
            return
        try:
            self._registration.leave(self._link)
        except RedisAwayError as error:
            logger.debug("Left without a word: %s", error)

    def _make_round(self, queue: str) -> None:
        # Reclaiming is a heartbeat also for those that hold nothing, and comes first: it is what notices a silence.
        self._reclaim(queue)
        held = self._held(queue)
        attention = self._commands(queue).heartbeat(self._lease_us, self._silence_us, held) if held else []
        for id, word in attention:
            if word == "cancel":
                self._on_cancel(id)
            else:
                self._on_lost(queue, id)
                logger.warning(
                    "Running job %s of queue %r lost its lease: what it does from now on won't be settled.", id, queue
                )
        self._promote(queue)

    def _prune(self) -> None:
        if self._rounds_to_leave_out:
            self._rounds_to_leave_out -= 1
            return
        try:
            pruned = self._retention.prune(self._queues(), self._link)
        except ResponseError:
            logger.exception("Pruning failed; the next round tries again.")
            return
        self._rounds_to_leave_out = 0 if pruned else ROUNDS_WITHOUT_PRUNING

    def _commands(self, queue: str) -> QueueCommands:
        return self._redis.queue_over(queue, self._link)

    def _promote(self, queue: str) -> None:
        self._due.pop(queue, None)
        until_us = self._commands(queue).promote()
        while until_us == 0:
            until_us = self._commands(queue).promote()
        self.expect_due(queue, until_us)

    def _reclaim(self, queue: str) -> None:
        self._lease_end.pop(queue, None)
        until_us, moved = self._commands(queue).reclaim(self._lease_us, self._silence_us, self._settings.crash_limit)
        for id, status in moved:
            if status == "x":
                about = {"job_id": id, "queue": queue, "status": "rejected", "reason": "worker_lost"}
                logger.error("Job %s of queue %s lost its worker once too often: rejected.", id, queue, extra=about)
            else:
                about = {"job_id": id, "queue": queue}
                logger.warning("Job %s of queue %s lost its worker: put back.", id, queue, extra=about)
        if until_us >= 0:
            self._lease_end[queue] = time.monotonic() + until_us / 1e6

    def _sleep(self) -> None:
        with self._changed:
            wake_at = min([self._next_round, *self._due.values(), *self._lease_end.values()])
            if self._running:
                self._changed.wait(max(0.0, wake_at - time.monotonic()))
