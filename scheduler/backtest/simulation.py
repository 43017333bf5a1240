"""The simulation: arrivals, windows and idle threads take turns on a simulated clock, and the policy scripts decide."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from middleware.commands import keys
from middleware.commands.client import RedisClient
from middleware.commands.layout import unpack_task_counters
from middleware.commands.types import Claim, Offer, Settlement, Subject
from middleware.queues.windows import Windows

from ..cadence import QueueCadence
from ..runner import policy_of
from .arrivals import UNSET, Arrivals
from .simulated_clock import SimulatedClock
from .steps import Capacity, Rest, Start, Step
from .ticks_that_count import TicksThatCount

TASK, WORKER, MESSAGE = "task", "simulation", b"-"
LEASE_US = 366 * 86_400_000_000
"""No lease runs out: workers don't die here."""
MOST_AT_ONCE = 500
"""Jobs that are accepted or claimed in one call."""
MOST_UNHEARD = 200
"""Calls that are sent before the answers to them are read: few enough that neither side's buffers fill up."""
PRUNE_EVERY = 1000


class Simulation:
    """One cadence over the arrivals. Each job is claimed as soon as the gate is open and a thread idle, and runs once.

    Parameters:
      client: of a server that holds nothing, by the ``clock``.
      until_us: when it is broken off if jobs still wait; not before the last arrival.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        cadence: QueueCadence,
        capacity: Capacity,
        *,
        client: RedisClient,
        clock: SimulatedClock,
        until_us: int,
    ) -> None:
        self._arrivals = arrivals
        self._cadence = cadence
        self._run_us = capacity.run_us
        self._client = client
        self._commands = client.queue(cadence.queue)
        self._windows = Windows(client)
        self._clock = clock
        self._until_us = max(until_us, arrivals.at_us[-1])
        self._idle = capacity.threads
        self._running: list[tuple[int, int, tuple[str, int]]] = []
        """A heap: when each ends, its index, and the token of its delivery."""
        self._next = 0
        self._waits = self._is_shut = False
        self._wake_us: int | None = None
        self._unpruned = 0
        self._unheard: list[Callable[[], object]] = []
        timetable, self._ticks = cadence.timetable, None
        if timetable is not None:
            self._ticks = TicksThatCount(timetable, arrivals.at_us[0])

    def steps(self) -> Iterator[Step]:
        """Goes through it, once."""
        self._clock.now_us = self._next_event() or 0
        self._windows.put_policy(self._cadence.queue, policy_of(self._cadence))
        while (now_us := self._next_event()) is not None and now_us <= self._until_us:
            self._clock.now_us = now_us
            while self._wake_us is not None and self._wake_us <= now_us:
                self._hear()
                self._note_wake(self._commands.promote())
            accepted = self._accept(now_us)
            if self._ticks is not None and self._ticks.is_due(now_us):
                self._open(self._ticks.take())
            processed = self._leave(now_us)
            started = self._settle_and_claim([Settlement(*token, "processed") for _, _, token in processed])
            self._prune(accepted)
            yield Step(now_us, accepted, started, [job for _, job, _ in processed])

    def rest(self) -> Rest:
        """What is left in the end."""
        self._hear()
        queue = self._cadence.queue
        waiting = int(self._client.call("ZCARD", keys.stack(queue)))
        oldest_us = min(map(self._oldest_of, range(0, waiting, MOST_AT_ONCE)), default=None)
        self._commands.read_counters(0, 0)  # adds up what is pending
        ended = unpack_task_counters(self._client.call("HGET", keys.task_counters(queue), TASK)).counts.totals
        return Rest(waiting, oldest_us, ended["ended_expired"], ended["ended_superseded"])

    def _oldest_of(self, first: int) -> int:
        """When the first one arrived of some jobs on the stack, which doesn't go by that everywhere."""
        ids = self._client.call("ZRANGE", keys.stack(self._cadence.queue), first, first + MOST_AT_ONCE - 1)
        return min(self._arrivals.at_us[int(id)] for id in ids)

    def _next_event(self) -> int | None:
        """When something happens next; None when nothing more can."""
        arrival_us = self._arrivals.at_us[self._next] if self._next < len(self._arrivals) else None
        if arrival_us is None and not self._running and not self._waits:
            return None
        times = [arrival_us, self._wake_us]
        if self._ticks is not None:
            times.append(self._ticks.next(jobs_wait=self._waits, next_arrival_us=arrival_us))
        if self._running:
            times.append(self._running[0][0])
        return min((time_us for time_us in times if time_us is not None), default=None)

    def _accept(self, now_us: int) -> int:
        """Accept what has arrived by now; how many jobs it was."""
        at_us, deadlines_us, first = self._arrivals.at_us, self._arrivals.deadlines_us, self._next
        while self._next < len(at_us) and at_us[self._next] <= now_us:
            offers: list[Offer] = []
            while self._next < len(at_us) and at_us[self._next] <= now_us and len(offers) < MOST_AT_ONCE:
                deadline_us = deadlines_us[self._next]
                word = b"" if deadline_us == UNSET else b"%d" % deadline_us
                subject = Subject(self._arrivals.subjects[self._next])
                group, generated_us = self._arrivals.groups[self._next], self._arrivals.generated_us[self._next]
                said = None if generated_us == UNSET else generated_us
                job = Offer(str(self._next), TASK, MESSAGE, deadline=word, subject=subject, group=group)
                offers.append(job if said is None else job._replace(generated_us=said))
                if word and (self._wake_us is None or deadline_us < self._wake_us):
                    self._wake_us = max(deadline_us, now_us)
                self._next += 1
            self._say(self._commands.begin_accepting(offers))
            self._waits = True
        return self._next - first

    def _open(self, tick_us: int) -> None:
        cadence = self._cadence
        self._hear()
        window = self._windows.open(
            cadence.queue,
            opened_by="tick",
            tick_ms=tick_us // 1000 or None,  # the epoch itself is no later than no tick at all
            credits=cadence.batch,
            lasts_us=cadence.end_of(tick_us, tick_us) - tick_us,
        )
        self._is_shut = not window.is_open
        if self._is_shut:
            self._waits = False  # it ended at once, since the stack is empty

    def _leave(self, now_us: int) -> list[tuple[int, int, tuple[str, int]]]:
        """What has run to its end by now."""
        processed = []
        while self._running and self._running[0][0] <= now_us:
            processed.append(heapq.heappop(self._running))
        self._idle += len(processed)
        return processed

    def _settle_and_claim(self, settlements: list[Settlement]) -> list[Start]:
        started: list[Start] = []
        while True:
            wanted = min(self._idle, MOST_AT_ONCE) if self._waits and not self._is_shut else 0
            if not settlements and not wanted:
                return started
            answer = self._commands.begin_settling(settlements, WORKER, LEASE_US, wanted)
            if not wanted:
                self._say(answer)
                return started
            self._hear()
            claim, settlements = answer().claim(), []
            self._note_wake(claim.until_due_us)
            started += self._begin(claim)
            self._is_shut = claim.word == "closed"
            if claim.word == "empty":
                self._waits = False
            if not claim.jobs and claim.word != "more":
                return started

    def _begin(self, claim: Claim) -> list[Start]:
        started = []
        for (id, number, _), waited_us in zip(claim.jobs, claim.waits_us, strict=True):
            job = int(id)
            run_us = self._run_us(job)
            heapq.heappush(self._running, (self._clock.now_us + run_us, job, (id, number)))
            started.append(Start(job, waited_us, run_us))
        self._idle -= len(started)
        return started

    def _say(self, answer: Callable[[], object]) -> None:
        """Something has been sent, and nothing depends on its answer: it is read when the next one matters."""
        self._unheard.append(answer)
        if len(self._unheard) >= MOST_UNHEARD:
            self._hear()

    def _hear(self) -> None:
        """Read the answers that are still to come, since something else is to be said."""
        unheard, self._unheard = self._unheard, []
        for answer in unheard:
            answer()

    def _note_wake(self, until_due_us: int) -> None:
        self._wake_us = None if until_due_us < 0 else self._clock.now_us + until_due_us

    def _prune(self, accepted: int) -> None:
        """Now and then forget what has ended, so that the server holds little more than what waits."""
        self._unpruned += accepted
        if self._unpruned >= PRUNE_EVERY:
            self._unpruned = 0
            self._hear()
            while self._commands.prune(0, 0, 0, 0) == 200:
                pass
