"""Real schedulers that submit recurring jobs: several at once, killed again and again, with Redis gone, reloaded."""

from __future__ import annotations

import signal
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.clock import to_us
from middleware.jobs import Job

from ..service import wait_until
from .processes import SchedulerProcess
from .test_processes import faults, replace
from .times import parsed

QUEUE = '[queues.default]\nevery = "1h"\n'
JOB = '[jobs.{name}]\ntask = "process_message"\npayload = {{ message = "{message}" }}\nevery = "{every}"\n'
EVERY_MS = 1000
"""Long enough that a busy machine is late for no tick: one is given up when the next one is there."""
OFTEN = QUEUE + JOB.format(name="often", message="Hello", every=f"{EVERY_MS}ms")


@pytest.fixture
def cadence_file(tmp_path: Path) -> Path:
    path = tmp_path / "cadence.toml"
    path.write_text(OFTEN)
    return path


class Submissions:
    """The jobs that were submitted, as anybody can read them."""

    def __init__(self, redis_url: str) -> None:
        self.broker = LifoBroker(url=redis_url)

    def jobs(self) -> list[Job]:
        return self.broker.store.page(limit=500).jobs

    def ticks_ms(self, name: str = "often") -> list[int]:
        """Of which ticks they are, in order."""
        told = [(job.request_id or "").split(":", 2) for job in self.jobs()]
        return sorted(to_us(parsed(time)) // 1000 for _, of, time in told if of == name)

    def wait_for(self, count: int, name: str = "often") -> None:
        """Wait for so many more jobs."""
        enough = len(self.ticks_ms(name)) + count
        wait_until(lambda: len(self.ticks_ms(name)) >= enough, f"{enough} jobs of {name}")


def test_of_two_schedulers_that_are_killed_in_turn_each_tick_submits_one_job(
    tmp_path: Path, cadence_file: Path, redis_url: str
) -> None:
    settings = {"REDIS_URL": redis_url, "CADENCE_FILE": str(cadence_file)}
    submissions = Submissions(redis_url)
    schedulers = [SchedulerProcess(tmp_path, name, **settings) for name in ("first", "second")]
    try:
        for n in range(4):
            wait_until(lambda: all("Recurring jobs in force" in each.log for each in schedulers), "both to be at work")
            submissions.wait_for(3)
            # It may have asked for a tick just now, and will never hear of it.
            schedulers[n % 2].kill()
            schedulers[n % 2] = SchedulerProcess(tmp_path, f"again-{n}", **settings)
        submissions.wait_for(3)
    finally:
        for scheduler in schedulers:
            scheduler.kill()

    ticks_ms = submissions.ticks_ms()
    assert len(ticks_ms) == len(submissions.jobs())
    assert max(Counter(ticks_ms).values()) == 1
    assert {later - earlier for earlier, later in pairwise(ticks_ms)} == {EVERY_MS}
    assert all(tick_ms % EVERY_MS == 0 for tick_ms in ticks_ms)
    assert submissions.broker.recurring.all()[0].ticks["submitted"] == len(ticks_ms)


def test_a_change_of_the_file_and_a_hangup_submit_no_tick_twice(
    tmp_path: Path, cadence_file: Path, redis_url: str
) -> None:
    submissions = Submissions(redis_url)
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)) as scheduler:
        submissions.wait_for(2)
        replace(cadence_file, QUEUE + JOB.format(name="often", message="Goodbye", every=f"{EVERY_MS}ms"))
        wait_until(lambda: submissions.jobs()[0].payload["message"] == "Goodbye", "the new payload")
        replace(cadence_file, QUEUE + JOB.format(name="other", message="Hello", every="1200ms"))
        scheduler.signal(signal.SIGHUP)
        submissions.wait_for(3, "other")

    ticks_ms = submissions.ticks_ms()
    assert max(Counter(ticks_ms).values()) == 1
    assert {later - earlier for earlier, later in pairwise(ticks_ms)} == {EVERY_MS}
    assert {later - earlier for earlier, later in pairwise(submissions.ticks_ms("other"))} == {1200}
    assert [job.definition.name for job in submissions.broker.recurring.all()] == ["other"]


def test_a_bad_section_leaves_the_last_good_one_in_force(tmp_path: Path, cadence_file: Path, redis_url: str) -> None:
    submissions = Submissions(redis_url)
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)) as scheduler:
        submissions.wait_for(2)
        replace(cadence_file, OFTEN.replace("message =", "mesage ="))
        scheduler.wait_for_log("/mesage: Unknown field.")
        wait_until(lambda: faults(redis_url), "the roster to tell of it")
        submissions.wait_for(2)

    ticks_ms = submissions.ticks_ms()
    assert {later - earlier for earlier, later in pairwise(ticks_ms)} == {EVERY_MS}


def test_a_server_that_is_killed_gets_no_job_twice(
    tmp_path: Path, cadence_file: Path, own_server: EmbeddedServer
) -> None:
    submissions = Submissions(own_server.url)
    with SchedulerProcess(tmp_path, "one", REDIS_URL=own_server.url, CADENCE_FILE=str(cadence_file)) as scheduler:
        submissions.wait_for(1)
        [job] = submissions.broker.recurring.all()
        missed_at_first = job.ticks["missed"]  # of a scheduler that starts while the machine is busy
        submissions.wait_for(2)
        own_server.kill()
        scheduler.wait_for_log("Redis is away")
        own_server.start()
        submissions.wait_for(3)

    ticks_ms = submissions.ticks_ms()
    assert max(Counter(ticks_ms).values()) == 1
    [job] = submissions.broker.recurring.all()
    assert job.ticks["submitted"] == len(ticks_ms)
    between = (ticks_ms[-1] - ticks_ms[0]) // EVERY_MS + 1 - len(ticks_ms)
    assert between <= job.ticks["missed"] <= missed_at_first + between


def test_two_schedulers_with_different_jobs_name_each_other(tmp_path: Path, cadence_file: Path, redis_url: str) -> None:
    other_file = tmp_path / "other.toml"
    other_file.write_text(QUEUE + JOB.format(name="often", message="Goodbye", every=f"{EVERY_MS}ms"))
    with (
        SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)) as one,
        SchedulerProcess(tmp_path, "two", REDIS_URL=redis_url, CADENCE_FILE=str(other_file)) as two,
    ):
        one.wait_for_log(f":{two.pid}:")
        assert "jobs.often.payload is one of 19 bytes (" in one.log
        assert "Hello" not in one.log
