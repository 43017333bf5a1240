"""The submitter of recurring jobs on a real server and a clock of the test's own: what is late, missed, changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import redis
from marshmallow import fields

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.clock import rfc3339
from middleware.jobs import Job
from middleware.queues.recurring import MissedTick, RecurringJob
from scheduler.blackout import parse_blackout
from scheduler.recurring import Recurring
from scheduler.submitter import Submitter
from scheduler.ticks import Cron, Every
from scheduler.ticks_ahead import TicksAhead
from scheduler.timetable import Timetable
from tasks import Registry, Task

from .times import OwnedClock, at

MINUTE_US = 60_000_000
TICK_US = at("2025-06-01 12:00:00")


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, gated=True, patience_s=0)
    yield broker
    broker.close()


@pytest.fixture
def clock(broker: LifoBroker) -> OwnedClock:
    """A clock that the scripts go by too, shortly before a tick."""
    clock = OwnedClock(TICK_US - 30_000_000)
    broker.redis._now = clock.now_us
    return clock


@pytest.fixture
def task(broker: LifoBroker) -> Task:
    registry = Registry(broker)

    @registry.task(message=fields.String(required=True))
    def greet(message: str) -> None: ...

    return registry["greet"]


@pytest.fixture
def often(task: Task) -> Recurring:
    """Every ten minutes."""
    return Recurring(name="often", task=task, payload={"message": "Hello"}, timetable=Timetable(Every(10 * MINUTE_US)))


def started(broker: LifoBroker, clock: OwnedClock, jobs: Mapping[str, Recurring]) -> Submitter:
    """A submitter that begins now, as a scheduler does that starts."""
    submitter = Submitter(broker, clock)
    for job in jobs.values():
        before_us = job.timetable.until(clock.now_us())
        if before_us is not None:
            submitter.begins(job)(before_us)
    submitter.change(jobs)
    submitter.step()
    return submitter


def tick(submitter: Submitter, clock: OwnedClock, time_us: int, name: str = "often") -> None:
    clock.set(time_us + 1_000)
    submitter.offers(name)(time_us)
    submitter.step()


def jobs_of(broker: LifoBroker) -> list[Job]:
    """What was submitted, the oldest first."""
    return list(reversed(broker.store.page(limit=500).jobs))


def shown(broker: LifoBroker, name: str = "often") -> RecurringJob:
    found = broker.recurring.get(name)
    assert found is not None
    return found


def test_the_job_of_a_tick_tells_where_it_comes_from(broker: LifoBroker, clock: OwnedClock, often: Recurring) -> None:
    tick(started(broker, clock, {"often": often}), clock, TICK_US)

    [job] = jobs_of(broker)
    assert (job.task, dict(job.payload), job.tags) == ("greet", {"message": "Hello"}, ("recurring:often",))
    assert job.request_id == f"recurring:often:{rfc3339(TICK_US)}"


def test_any_number_of_schedulers_submit_one_job_a_tick(
    broker: LifoBroker, clock: OwnedClock, often: Recurring
) -> None:
    several = [started(broker, clock, {"often": often}) for _ in range(3)]
    for n in range(4):
        for submitter in several:
            tick(submitter, clock, TICK_US + n * 10 * MINUTE_US)

    assert len(jobs_of(broker)) == 4
    assert [submitter.submitted for submitter in several] == [4, 0, 0]
    assert [submitter.decided_before for submitter in several] == [0, 4, 4]
    assert shown(broker).ticks["missed"] == 0


def test_a_tick_before_it_was_in_force_submits_nothing(broker: LifoBroker, clock: OwnedClock, often: Recurring) -> None:
    clock.set(TICK_US + 30_000_000)
    started(broker, clock, {"often": often})
    started(broker, clock, {"often": often})

    assert jobs_of(broker) == []


def test_a_scheduler_that_starts_submits_the_tick_before_if_nobody_has(
    broker: LifoBroker, clock: OwnedClock, often: Recurring
) -> None:
    started(broker, clock, {"often": often})
    clock.set(TICK_US + 59_000_000)
    started(broker, clock, {"often": often})
    started(broker, clock, {"often": often})

    assert len(jobs_of(broker)) == 1


@pytest.mark.parametrize("missed", ["skip", "submit"])
def test_after_an_hour_without_schedulers_the_last_tick_is_submitted_or_skipped(
    broker: LifoBroker, clock: OwnedClock, often: Recurring, missed: MissedTick
) -> None:
    jobs, counted = {"skip": (1, 6), "submit": (2, 5)}[missed]
    often = replace(often, missed=missed)
    tick(started(broker, clock, {"often": often}), clock, TICK_US)
    clock.set(TICK_US + 65 * MINUTE_US)
    again = started(broker, clock, {"often": often})
    assert len(jobs_of(broker)) == jobs

    tick(again, clock, TICK_US + 70 * MINUTE_US)

    assert len(jobs_of(broker)) == jobs + 1
    assert shown(broker).ticks == {"submitted": jobs + 1, "skipped_paused": 0, "skipped_waiting": 0, "missed": counted}


@pytest.mark.parametrize(("late_us", "jobs"), [(59_000_000, 1), (61_000_000, 0)], ids=["59 s", "61 s"])
def test_a_tick_is_late_after_a_minute(
    broker: LifoBroker, clock: OwnedClock, often: Recurring, late_us: int, jobs: int
) -> None:
    submitter = started(broker, clock, {"often": often})
    clock.set(TICK_US + late_us)
    submitter.offers("often")(TICK_US)
    submitter.step()
    assert (len(jobs_of(broker)), submitter.missed) == (jobs, 1 - jobs)


def test_what_redis_could_not_be_asked_for_is_asked_for_again(
    own_server: EmbeddedServer, often: Recurring, task: Task
) -> None:
    broker = LifoBroker(url=own_server.url, patience_s=0)
    broker.declare_queue("default")
    clock = OwnedClock(TICK_US - 30_000_000)
    broker.redis._now = clock.now_us
    submitter = started(broker, clock, {"often": often})
    own_server.kill()
    tick(submitter, clock, TICK_US)
    clock.advance(30)
    submitter.step()
    assert submitter.submitted == 0
    own_server.start()
    submitter.step()
    assert (submitter.submitted, len(jobs_of(broker))) == (1, 1)
    broker.close()


def test_a_server_that_was_emptied_gets_the_job_of_the_same_tick(
    broker: LifoBroker, clock: OwnedClock, often: Recurring, redis_client: redis.Redis
) -> None:
    submitter = started(broker, clock, {"often": often})
    redis_client.flushall()
    tick(submitter, clock, TICK_US)
    submitter.step()
    assert len(jobs_of(broker)) == 1
    assert shown(broker).definition.payload == {"message": "Hello"}


def test_of_a_change_the_tick_before_is_the_old_ones_and_a_new_one_begins_after_it(
    broker: LifoBroker, clock: OwnedClock, often: Recurring
) -> None:
    other = replace(often, name="other")
    submitter = started(broker, clock, {"often": often, "other": other})
    clock.set(TICK_US + 1_000)
    for name in ("often", "other"):
        submitter.offers(name)(TICK_US)
    changed = replace(often, payload={"message": "Goodbye"}, timetable=Timetable(Every(5 * MINUTE_US)))
    new = replace(often, name="new")
    submitter.begins(new)(TICK_US)
    submitter.change({"often": changed, "new": new})
    submitter.step()

    assert sorted((job.tags[0], job.payload["message"]) for job in jobs_of(broker)) == [
        ("recurring:often", "Hello"),
        ("recurring:other", "Hello"),
    ]
    tick(submitter, clock, TICK_US + 5 * MINUTE_US)
    tick(submitter, clock, TICK_US + 5 * MINUTE_US, "other")
    assert [job.payload["message"] for job in jobs_of(broker)] == ["Hello", "Hello", "Goodbye"]
    assert [job.definition.name for job in broker.recurring.all()] == ["new", "often"]


def test_a_queue_that_has_no_recurring_jobs_any_more_shows_none(
    broker: LifoBroker, clock: OwnedClock, often: Recurring
) -> None:
    submitter = started(broker, clock, {"often": often})
    submitter.change({})
    submitter.step()
    assert broker.recurring.all() == []


def test_ticks_in_a_blackout_are_not_missed_and_none_is_made_up_for_in_it(
    broker: LifoBroker, clock: OwnedClock, often: Recurring
) -> None:
    blackout = parse_blackout(["12:15-13:15"], ZoneInfo("UTC"))
    often = replace(often, missed="submit", timetable=Timetable(Every(10 * MINUTE_US), blackout))
    submitter = started(broker, clock, {"often": often})
    tick(submitter, clock, TICK_US)
    clock.set(TICK_US + 16 * MINUTE_US)
    submitter.offers("often")(TICK_US + 10 * MINUTE_US)
    submitter.step()
    assert submitter.missed == 1
    tick(submitter, clock, TICK_US + 80 * MINUTE_US)

    assert shown(broker).ticks == {"submitted": 2, "skipped_paused": 0, "skipped_waiting": 0, "missed": 1}


def lost() -> None:
    """A task of a queue that the scheduler's broker doesn't know."""


def test_a_tick_that_cannot_be_submitted_holds_up_no_other(
    broker: LifoBroker, clock: OwnedClock, often: Recurring, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = Registry(LifoBroker(url="redis://127.0.0.1:1"))
    elsewhere.task(queue_name="elsewhere")(lost)
    bad = replace(often, name="bad", task=elsewhere["lost"], payload={})
    submitter = started(broker, clock, {"bad": bad, "often": often})
    clock.set(TICK_US)
    for name in ("bad", "often"):
        submitter.offers(name)(TICK_US)
    submitter.step()
    assert [job.tags for job in jobs_of(broker)] == [("recurring:often",)]
    assert "Recurring job bad: the tick of 2025-06-01T12:00:00.000000Z can't be submitted." in caplog.text


def test_the_ticks_ahead_are_twenty_or_those_of_ten_seconds() -> None:
    daily = TicksAhead(Timetable(Cron("0 2 * * *", ZoneInfo("UTC"))))
    assert len(daily.at(TICK_US)) == 20
    assert daily.at(TICK_US + 36 * 60 * MINUTE_US)[0] == at("2025-06-03 02:00:00")
    assert daily.at(TICK_US - 24 * 60 * MINUTE_US)[0] == at("2025-06-01 02:00:00")

    fast = TicksAhead(Timetable(Every(100_000)))
    for now_us in (TICK_US, TICK_US + 5_000_000):
        ticks_us = fast.at(now_us)
        assert ticks_us[0] == now_us + 100_000
        assert now_us + 10_000_000 < ticks_us[-1] <= now_us + 11_000_000


def test_ticks_that_are_skipped_are_logged_once_until_a_job_is_submitted(
    broker: LifoBroker, clock: OwnedClock, often: Recurring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    often = replace(often, skip_if_waiting=True)
    submitter = started(broker, clock, {"often": often})
    for n in range(4):
        tick(submitter, clock, TICK_US + n * 10 * MINUTE_US)
    broker.recurring.pause("often", by="Ann", reason="repairs")
    for n in range(4, 6):
        tick(submitter, clock, TICK_US + n * 10 * MINUTE_US)

    told = [record.getMessage() for record in caplog.records if "skips ticks" in record.getMessage()]
    assert told == [
        "Recurring job often: skips ticks from the one of 2025-06-01T12:10:00.000000Z on: its last job still waits.",
        "Recurring job often: skips ticks from the one of 2025-06-01T12:40:00.000000Z on: it is paused.",
    ]
    assert shown(broker).ticks == {"submitted": 1, "skipped_paused": 2, "skipped_waiting": 3, "missed": 0}
