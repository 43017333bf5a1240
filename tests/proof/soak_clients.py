"""Those who send jobs in a soak, call them off, put them back and open windows; and who was told what."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import dramatiq

from middleware.broker import LifoBroker
from middleware.errors import RedisAwayError, WindowRefusedError
from middleware.queues.windows import Policy

from .event_log import Event
from .history import HistoryChecker

TASKS = ("nothing",) * 920 + ("slow",) * 60 + ("failing",) * 19 + ("long",)
BACKLOG = 3000
DELAYED_SHARE = 0.1
GENERATED_BELOW = 0.2
GROUPED_SHARE = 0.4
MANY = 200
SHARES_PPM = (0, 0, 1, 100_000, 333_333, 500_000, 1_000_000)


class Ledger:
    """Which jobs producers were told to be accepted, against those that the log says were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._logged: set[str] = set()
        self._doubtful: list[list[str]] = []

    def told(self, ids: list[str]) -> None:
        """The broker said that these are accepted."""
        with self._lock:
            self._told.update(set(ids) - self._logged)
            self._logged.difference_update(ids)

    def doubtful(self, ids: list[str]) -> None:
        """Nobody knows whether these were accepted: all of them, or none."""
        with self._lock:
            self._doubtful.append(ids)

    def logged(self, events: Iterable[Event]) -> None:
        """These were accepted, if they are acceptances."""
        ids = {event[2] for event in events if event[0] == "accept"}
        with self._lock:
            self._logged |= ids - self._told
            self._told -= ids

    def faults(self) -> list[str]:
        """What doesn't fit, in the end."""
        halves = [ids for ids in self._doubtful if len(self._logged.intersection(ids)) not in (0, len(ids))]
        unasked = self._logged.difference(*self._doubtful)
        lost = [f"accepted and lost: {id}" for id in self._told]
        return lost + [f"accepted in part: {ids}" for ids in halves] + [f"nobody sent: {id}" for id in unasked]


class Sender:
    """Sends messages, and keeps the ledger."""

    def __init__(self, broker: LifoBroker, ledger: Ledger, name: str) -> None:
        self.accepted = 0
        self._made = 0
        self._broker, self._ledger, self._name = broker, ledger, name

    def send(
        self,
        queue: str,
        *tasks: str,
        delay_ms: int | None = None,
        options: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """One job for each of these tasks, in one call, with the options that are made for each."""
        ids = [f"{queue}-{self._name}-{self._made + i}" for i in range(len(tasks))]
        self._made += len(ids)
        messages: list[dramatiq.Message[Any]] = [
            dramatiq.Message(queue, task, (), {}, options(), message_id=id) for id, task in zip(ids, tasks, strict=True)
        ]
        try:
            self._broker.accept(messages, delay_ms=delay_ms)
        except RedisAwayError:
            self._ledger.doubtful(ids)
        else:
            self._ledger.told(ids)
            self.accepted += len(ids)


class Producer(threading.Thread):
    """Sends batches to all queues, most of them to the first, as long as the backlog isn't too long."""

    def __init__(
        self, sender: Sender, queues: tuple[str, ...], *, seed: str, backlog: Callable[[], int], broker: LifoBroker
    ) -> None:
        super().__init__(name=f"producer-{seed}")
        self._sender, self._queues, self._backlog, self._broker = sender, queues, backlog, broker
        self._chance = random.Random(seed)
        self.enough = threading.Event()

    def run(self) -> None:
        """Until it is enough."""
        chance = self._chance
        while not self.enough.is_set():
            if self._backlog() > BACKLOG:
                self.enough.wait(0.005)
                continue
            queue = self._queues[0] if chance.random() < 0.7 else chance.choice(self._queues)
            tasks = chance.choices(TASKS, k=chance.randint(1, 100))
            delay_ms = chance.randint(1, 1000) if chance.random() < DELAYED_SHARE else None
            kind = chance.random()
            options = self._deadline if kind < 0.05 else self._subject if kind < 0.1 else self._generated
            options = dict if kind > GENERATED_BELOW else options
            is_grouped = chance.random() < GROUPED_SHARE
            self._sender.send(
                queue, *tasks, delay_ms=delay_ms, options=partial(self._group, options) if is_grouped else options
            )
        self._broker.close()

    def _group(self, others: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return others() | {"group": f"{self._chance.choice((0, 0, 0, self._chance.randrange(30)))}"}

    def _deadline(self) -> dict[str, Any]:
        return {"expires_in": self._chance.randint(1, 3000)}

    def _subject(self) -> dict[str, Any]:
        chance = self._chance
        return {
            "subject": f"{chance.randrange(40)}",
            "supersede_running": chance.random() < 0.2,
            "max_defer": chance.choice([None, 1, 500]),
            **(self._generated() if chance.random() < 0.5 else {}),
        }

    def _generated(self) -> dict[str, Any]:
        """Some time ago, or a little ahead; by a clock that counts milliseconds."""
        return {"generated_at": (time.time_ns() // 1_000_000 - self._chance.randint(-50, 3000)) * 1000}


class Operator:
    """Calls off jobs that wait or run, puts back those that ended badly, and pauses one queue for moments."""

    def __init__(self, broker: LifoBroker, chance: random.Random, paused_queue: str) -> None:
        self._broker, self._chance, self._paused_queue = broker, chance, paused_queue
        self._resumes_at: float | None = None
        self._alive: deque[str] = deque(maxlen=MANY)
        self._ended: deque[str] = deque(maxlen=MANY)

    def saw(self, events: Iterable[Event]) -> None:
        """Jobs that there are: one in some is kept in mind."""
        for event in events:
            if event[0] in ("accept", "claim") and self._chance.random() < 0.05:
                self._alive.append(event[2])
            elif (event[0] == "settle" and event[-1] in "xc") or event[0] == "cancel":
                self._ended.append(event[2])

    def work(self) -> None:
        """Now and then one thing with one job, or with the queue."""
        if self._resumes_at is not None and time.monotonic() > self._resumes_at:
            self.resume()
        if self._chance.random() > 0.3:
            return
        try:
            if self._resumes_at is None and self._chance.random() < 0.01:
                self._broker.control.pause(self._paused_queue, by="the soak", reason="to see")
                self._resumes_at = time.monotonic() + self._chance.uniform(0, 0.3)
            elif self._alive and self._chance.random() < 0.7:
                self._broker.cancel(self._alive.pop(), reason="for the soak")
            elif self._ended:
                self._broker.retry(self._ended.pop())
        except RedisAwayError:
            return  # who knows what came of it: the log does

    def resume(self) -> None:
        """End the pause, if there is one, or may be."""
        try:
            self._broker.control.resume(self._paused_queue, by="the soak")
            self._resumes_at = None
        except RedisAwayError:
            return


class Cadence:
    """Opens window after window on one queue, by policies that change, and now and then closes one early."""

    def __init__(self, broker: LifoBroker, checker: HistoryChecker, chance: random.Random) -> None:
        self._broker, self._checker, self._chance = broker, checker, chance
        self._queue = checker.queue
        self._opened: str | None = None
        self._up_at = 0.0

    def work(self) -> None:
        """What is to be done at this moment, if anything."""
        try:
            if self._checker.gate.mode is None or self._chance.random() < 0.002:
                self._broker.windows.put_policy(self._queue, self._policy())
            # Nobody logs that a window's time is up before somebody looks at it.
            if self._checker.gate.open is None or time.monotonic() > self._up_at or self._chance.random() < 0.02:
                self._open()
            elif self._opened and self._chance.random() < 0.02:
                self._broker.windows.close(self._opened)
        except (RedisAwayError, WindowRefusedError):
            return

    def let_everything_through(self) -> None:
        """One window without bounds, so that the queue can drain."""
        if self._checker.gate.open is None:
            try:
                self._broker.windows.open(self._queue, opened_by="operator")
            except (RedisAwayError, WindowRefusedError):
                return

    def _policy(self) -> Policy:
        chance = self._chance
        return Policy(
            mode="windows",
            order=chance.choice(("lifo", "lifo", "adaptive", "fifo")),
            lifo_above_us=400_000,
            lifo_below_us=100_000,
            oldest_share_ppm=chance.choice(SHARES_PPM),
            close_when_empty=chance.random() < 0.5,
            order_by=chance.choice(("accepted", "generated")),
            max_running=chance.choice((0, 0, 10)),
            max_running_per_group=chance.choice((0, 0, 2)),
            share_by_group=chance.random() < 0.4,
        )

    def _open(self) -> None:
        chance = self._chance
        credits = chance.choice((1, 7, 50, 500, 2000, None))
        # A short window that nobody claims in ends by its time, and is forgotten.
        lasts_us = chance.choice((1_000, 50_000, 500_000, 2_000_000, 2_000_000))
        self._up_at = time.monotonic() + lasts_us / 1e6
        self._opened = self._broker.windows.open(
            self._queue, opened_by="operator", credits=credits, lasts_us=lasts_us
        ).id
