"""A queue's life on a clock of the test's own: jobs come by chance, windows open at their ticks, threads run jobs. The
scripts and the estimates are the real ones, and what was estimated is compared with what then happens."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from middleware.diagnosis.why import explain

from ..scripted import START_US, ScriptedQueue, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``arrive``: jobs a second; ``run_s``: how long one runs, on average; ``backlog``: jobs that wait at the start;
    ``every_s``: from tick to tick, 0: continuous; ``warm_s``: before anybody asks; ``ask_s``: for so long, once in
    ``ask_every_s``; ``burst``: so many more come in the middle of that; ``bound``: of the median error."""

    policy: dict[str, Any]
    arrive: float
    run_s: float
    threads: int = 4
    every_s: float = 0
    backlog: int = 0
    warm_s: float = 300
    ask_s: float = 300
    ask_every_s: float = 10
    after_s: float = 600
    burst: int = 0
    bound: float = 0.2


@dataclass(slots=True)
class Asked:
    """An estimate for a job (None: it may never start), why, and what then happened (None: it never started)."""

    id: str
    estimate_s: float | None
    because: str
    at_us: int
    started_in_s: float | None = None

    @property
    def error(self) -> float:
        """Relative; of waits below a second, in seconds."""
        if self.estimate_s is None or self.started_in_s is None:
            return 0.0 if self.estimate_s == self.started_in_s else 1.0
        return abs(self.estimate_s - self.started_in_s) / max(1.0, self.started_in_s)


@dataclass
class Simulation:
    """One run of a scenario."""

    queue: ScriptedQueue
    scenario: Scenario
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    asked: list[Asked] = field(default_factory=list)

    def run(self) -> list[Asked]:
        """Everything that was asked, with what happened."""
        s = self.scenario
        self._events: list[tuple[int, int, str, Any]] = []
        self._order, self._ids = count(), count()
        self._idle = s.threads
        self._open: dict[str, list[Asked]] = {}
        self._prepare()
        end_us = START_US + int((s.warm_s + s.ask_s + s.after_s) * 1e6)
        last_us = START_US + int((s.warm_s + s.ask_s) * 1e6)
        while self._events[0][0] < end_us and (self._events[0][0] < last_us or self._open):
            self.queue.clock.now_us, _, kind, detail = heapq.heappop(self._events)
            getattr(self, f"_{kind}")(detail)
            self._claim()
        return self.asked

    def _prepare(self) -> None:
        s = self.scenario
        self.queue.rule(**{"close_when_empty": False, **s.policy, "period_us": int(s.every_s * 1e6)})
        for _ in range(s.backlog):
            self._send()
        self._at(self._gap_s(), "arrival")
        if s.every_s:
            self._at((-START_US / 1e6) % s.every_s, "tick")
        for n in range(int(s.ask_s / s.ask_every_s)):
            self._at(s.warm_s + n * s.ask_every_s + self.chance.random(), "ask")
        if s.burst:
            self._at(s.warm_s + s.ask_s / 2, "burst")

    def _at(self, after_s: float, kind: str, detail: Any = None) -> None:
        at_us = self.queue.clock.now_us + int(after_s * 1e6)
        heapq.heappush(self._events, (at_us, next(self._order), kind, detail))

    def _gap_s(self) -> float:
        return self.chance.expovariate(self.scenario.arrive)

    def _send(self) -> None:
        self.queue.send(f"job-{next(self._ids)}")

    def _arrival(self, _: None) -> None:
        self._send()
        self._at(self._gap_s(), "arrival")

    def _burst(self, _: None) -> None:
        self.queue.send(*(f"job-{next(self._ids)}" for _ in range(self.scenario.burst)))

    def _tick(self, _: None) -> None:
        s = self.scenario
        tick_ms = self.queue.clock.now_us // 1000
        lasts_us = s.policy.get("lasts_us") or int(s.every_s * 1e6)
        next_ms = tick_ms + int(s.every_s * 1000)
        self.queue.open(
            opened_by="tick", tick_ms=tick_ms, credits=s.policy.get("batch", 0), lasts_us=lasts_us, next_tick_ms=next_ms
        )
        self._at(s.every_s, "tick")

    def _done(self, token: Token) -> None:
        self.queue.settle(token)
        self._idle += 1

    def _claim(self) -> None:
        if not self._idle:
            return
        for token in self.queue.claim(self._idle):
            self._idle -= 1
            self._at(self.chance.expovariate(1 / self.scenario.run_s), "done", token)
            for asked in self._open.pop(token[0], ()):
                asked.started_in_s = (self.queue.clock.now_us - asked.at_us) / 1e6

    def _ask(self, _: None) -> None:
        waiting = self.queue.waiting()
        if not waiting:
            return
        for id in {waiting[0], waiting[-1], self.chance.choice(waiting)}:
            explanation = explain(id, self.queue.broker)
            assert explanation is not None
            assert explanation.estimate is not None
            estimate = explanation.estimate
            asked = Asked(id, estimate.starts_in_s, estimate.because, self.queue.clock.now_us)
            self.asked.append(asked)
            self._open.setdefault(id, []).append(asked)
