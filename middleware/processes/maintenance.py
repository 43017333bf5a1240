"""What must happen in time whoever works: beats, promoting due jobs, reclaiming lost ones, pruning finished ones."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable

from redis.exceptions import ResponseError

from ..commands.queue_commands import QueueScripts
from ..errors import RedisAwayError
from ..redis_link.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, Link
from .registry import Registration

LONGEST_ROUND_S = 5.0
PRUNED_A_CALL = 200
PRUNE_CALLS_A_ROUND = 50
ROUNDS_WITHOUT_PRUNING = 2
"""After pruning found nothing to forget."""
DEFAULT_RETENTION_BYTES = 256 * 1024 * 1024
"""Without RETENTION_BYTES: a quarter of Redis's maxmemory, and this where it has none."""

logger = logging.getLogger(__name__)

Token = tuple[str, int]


class Maintenance:
    """A thread that looks after all queues. It runs in every worker process and in the scheduler.

    It makes a round every third of a lease (at most 5 s apart), and in between wakes when a job falls due or a lease
    ends, to the millisecond.
    """

    def __init__(
        self,
        queues: Callable[[], Iterable[str]],
        scripts: Callable[[str], QueueScripts],
        link: Link,
        *,
        lease_us: int,
        crash_limit: int,
        retention_us: int,
        retention_jobs: int,
        retention_bytes: int | None,
        held: Callable[[str], list[Token]] = lambda queue: [],
        on_cancel: Callable[[str], None] = lambda id: None,
        registration: Registration | None = None,
    ) -> None:
        self._queues = queues
        self._scripts = scripts
        self._link = link
        self._lease_us = lease_us
        self._round_s = min(LONGEST_ROUND_S, lease_us / 3e6)
        # Nobody beat for two rounds: Redis was away. Less than a lease, so that leases can't run out unnoticed.
        self._silence_us = int(2 * self._round_s * 1e6)
        self._crash_limit = crash_limit
        self._retention_us = retention_us
        self._retention_jobs = retention_jobs
        self._retention_bytes = retention_bytes
        self._held = held
        self._on_cancel = on_cancel
        self._registration = registration
        self._due: dict[str, float] = {}
        self._lease_end: dict[str, float] = {}
        self._rounds_to_leave_out: dict[str, int] = {}
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
        """Somebody heard when the next job falls due: in so many µs, or never (-1)."""
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
        pause_s = FIRST_PAUSE_S
        while self._running:
            try:
                self._work()
                pause_s = FIRST_PAUSE_S
                self._sleep()
            except RedisAwayError as error:
                if pause_s == FIRST_PAUSE_S:
                    logger.warning("No maintenance until Redis is back: %s", error)
                self._next_round = 0.0
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            except Exception:
                logger.exception("Maintenance failed; it goes on in a second.")
                time.sleep(1)
        self._leave()

    def _work(self) -> None:
        now = time.monotonic()
        if now >= self._next_round:
            self._next_round = now + self._round_s
            for queue in self._queues():
                self._look_after(queue, self._make_round)
            self._register()
            return
        for queue in [queue for queue, at in list(self._due.items()) if at <= now]:
            self._look_after(queue, self._promote)
        for queue in [queue for queue, at in self._lease_end.items() if at <= now]:
            self._look_after(queue, self._reclaim)

    @staticmethod
    def _look_after(queue: str, work: Callable[[str], None]) -> None:
        """What goes wrong in one queue must not cost the others their beats."""
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
            logger.exception("The roster can't be written; the next round tries again.")

    def _leave(self) -> None:
        if self._registration is None:
            return
        try:
            self._registration.leave(self._link)
        except RedisAwayError as error:
            logger.debug("Left without a word: %s", error)

    def _make_round(self, queue: str) -> None:
        # Reclaiming beats for who holds nothing, too, and comes first: it is what notices a silence.
        self._reclaim(queue)
        held = self._held(queue)
        attention = self._scripts(queue).heartbeat(self._lease_us, self._silence_us, held) if held else []
        for id, word in attention:
            if word == "cancel":
                self._on_cancel(id)
            else:
                logger.warning("Running job %s of queue %r lost its lease; it will run again.", id, queue)
        self._promote(queue)
        if self._rounds_to_leave_out.get(queue, 0):
            self._rounds_to_leave_out[queue] -= 1
        else:
            self._prune(queue)

    def _prune(self, queue: str) -> None:
        kept_bytes, pruned = self._kept_bytes(), 0
        for _ in range(PRUNE_CALLS_A_ROUND):
            some = self._scripts(queue).prune(self._retention_us, self._retention_jobs, kept_bytes)
            pruned += some
            if some < PRUNED_A_CALL:
                break
        self._rounds_to_leave_out[queue] = 0 if pruned else ROUNDS_WITHOUT_PRUNING

    def _kept_bytes(self) -> int:
        if self._retention_bytes is None:
            answer = self._link.call("INFO", "memory")
            found = re.search(rb"^maxmemory:(\d+)", answer, re.MULTILINE)
            maxmemory = int(found[1]) if found else 0
            self._retention_bytes = maxmemory // 4 or DEFAULT_RETENTION_BYTES
        return self._retention_bytes

    def _promote(self, queue: str) -> None:
        self._due.pop(queue, None)
        until_us = self._scripts(queue).promote()
        while until_us == 0:
            until_us = self._scripts(queue).promote()
        self.expect_due(queue, until_us)

    def _reclaim(self, queue: str) -> None:
        self._lease_end.pop(queue, None)
        until_us, moved = self._scripts(queue).reclaim(self._lease_us, self._silence_us, self._crash_limit)
        for id, status in moved:
            logger.warning(
                "Job %s of queue %r lost its worker: %s.", id, queue, "rejected" if status == "x" else "put back"
            )
        if until_us >= 0:
            self._lease_end[queue] = time.monotonic() + until_us / 1e6

    def _sleep(self) -> None:
        with self._changed:
            wake_at = min([self._next_round, *self._due.values(), *self._lease_end.values()])
            if self._running:
                self._changed.wait(max(0.0, wake_at - time.monotonic()))
