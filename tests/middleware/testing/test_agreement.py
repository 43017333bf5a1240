"""The stub broker does what LifoBroker does: the same story, told to both, ends in the same way."""

from __future__ import annotations

import random
from typing import Any

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.jobs import Job
from middleware.testing import StubBroker, StubClock

from ...service import wait_until
from ..workers import working

SECOND_US = 1_000_000
STATE = ("status", "attempts", "payload", "subject", "result", "reason", "max_attempts")


def tell(broker: dramatiq.Broker, clock: StubClock, story: list[tuple[str, int]]) -> None:
    """Send jobs, and let time pass."""
    actor = broker.actors["work"]
    for what, amount in story:
        if what == "pass":
            clock.advance(amount)
        else:
            about = {"subject": f"s{amount % 3}", "max_defer": 10_000} if what.endswith("subject") else {}
            delay = amount * 1_037 if what.startswith("delayed") else None  # never at the moment of another one
            actor.send_with_options(args=(what, amount), delay=delay, **about)


def declare(broker: dramatiq.Broker, ran: list[Any]) -> None:
    """Each broker has the same task."""

    @dramatiq.actor(actor_name="work", broker=broker, store_results=True, max_retries=2, min_backoff=1, max_backoff=1)
    def work(what: str, amount: int) -> int:
        ran.append((what, amount))
        if what == "fails" or (what == "fails once" and ran.count((what, amount)) == 1):
            raise ValueError(what)
        return amount


def made_up(seed: int) -> list[tuple[str, int]]:
    """A story in which no two jobs are alike."""
    chance = random.Random(seed)
    kinds = ["at once", "delayed", "fails", "fails once", "at once, with a subject", "delayed, with a subject"]
    story: list[tuple[str, int]] = []
    for n in range(1, 25):
        story.append((chance.choice(kinds), n))
        if chance.random() < 0.4:
            story.append(("pass", chance.randrange(1, 12)))
    return [*story, ("pass", 60)]


@pytest.mark.parametrize("seed", range(8))
def test_a_story_ends_as_with_the_real_broker(redis_url: str, seed: int) -> None:
    story, begin = made_up(seed), 1_700_000_000 * SECOND_US
    clocks = [StubClock(begin), StubClock(begin)]
    stub = StubBroker(clock=clocks[0])
    real = LifoBroker(url=redis_url, now=clocks[1].now_us)
    orders: list[list[Any]] = [[], []]
    for broker, clock, ran in ((stub, clocks[0], orders[0]), (real, clocks[1], orders[1])):
        declare(broker, ran)
        tell(broker, clock, story)

    stub.run_until_done(fail_fast=False)
    with working(real):
        while any(job.status in ("queued", "running", "scheduled") for job in real.store.page().jobs):
            wait_until(lambda: not _busy(real), "the worker to be idle")
            clocks[1].advance(1)
    told = [[_told(job, jobs) for job in jobs] for jobs in (stub.jobs(), real.store.page().jobs)]
    real.close()

    assert _first_runs(orders[0]) == _first_runs(orders[1])
    assert told[0] == told[1]


def _told(job: Job, jobs: list[Job]) -> tuple[Any, ...]:
    """What is to be the same; ids aren't."""
    by = [other.payload for other in jobs if other.id == job.superseded_by]
    return (*(getattr(job, name) for name in STATE), by)


def _first_runs(order: list[Any]) -> list[Any]:
    """Retries come back when they come back; the first attempts of jobs come in the order of the stack."""
    return list(dict.fromkeys(order))


def _busy(broker: LifoBroker) -> bool:
    return any(job.status in ("queued", "running") for job in broker.store.page().jobs)
