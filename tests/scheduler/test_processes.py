"""Real schedulers on a real server: several at once, killed, stopped, reloaded, with Redis gone."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.commands import keys

from ..service import wait_until
from .processes import SchedulerProcess


@pytest.fixture
def cadence_file(tmp_path: Path) -> Path:
    path = tmp_path / "cadence.toml"
    path.write_text('[queues.default]\nevery = "250ms"\n')
    return path


@pytest.fixture
def slow_cadence_file(cadence_file: Path) -> Path:
    """One whose ticks are so far apart that a busy machine is late for none: a tick is given up when the next one is
    there."""
    cadence_file.write_text('[queues.default]\nevery = "1s"\n')
    return cadence_file


def replace(path: Path, text: str) -> None:
    """As editors do: the file is the old one or the new one, never half of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_of_two_schedulers_each_tick_opens_one_window_and_none_is_lost_when_one_is_killed(
    tmp_path: Path, slow_cadence_file: Path, redis_url: str, redis_client: redis.Redis
) -> None:
    settings = {"REDIS_URL": redis_url, "CADENCE_FILE": str(slow_cadence_file)}
    with (
        SchedulerProcess(tmp_path, "first", **settings) as first,
        SchedulerProcess(tmp_path, "second", **settings) as second,
    ):
        # Two that are only starting may be late for a tick; from the first one on that both have tried for, none is.
        wait_until(lambda: "isn't later than the last one" in first.log + second.log, "both to be at work")
        at_work_ms = max(wait_until(lambda: first.ticks_ms + second.ticks_ms, "the first tick"))
        wait_until(lambda: max(first.ticks_ms + second.ticks_ms) >= at_work_ms + 4000, "four more ticks")
        first.kill()
        second.wait_for_ticks(6)

        ticks_ms = sorted(first.ticks_ms + second.ticks_ms)
        assert len(ticks_ms) == len(set(ticks_ms))
        since_ms = [tick_ms for tick_ms in ticks_ms if tick_ms >= at_work_ms]
        assert {later - earlier for earlier, later in pairwise(since_ms)} == {1000}
        assert all(tick_ms % 1000 == 0 for tick_ms in ticks_ms)
        assert len(ticks_ms) <= int(redis_client.hget(keys.policy("default"), "windows") or 0)


def test_a_change_of_the_file_misses_no_tick_and_repeats_none(
    tmp_path: Path, slow_cadence_file: Path, redis_url: str
) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(slow_cadence_file)) as scheduler:
        scheduler.wait_for_ticks(3)
        replace(slow_cadence_file, '[queues.default]\nevery = "1400ms"\n')
        scheduler.wait_for_log("has been read again")
        scheduler.wait_for_ticks(3)
        replace(slow_cadence_file, '[queues.default]\nevery = "1200ms"\n')
        scheduler.signal(signal.SIGHUP)
        scheduler.wait_for_ticks(4)

        assert_every_tick_once(scheduler.ticks_ms, [1000, 1400, 1200])


def assert_every_tick_once(ticks_ms: list[int], periods_ms: list[int]) -> None:
    """All ticks of one period after the other. A change takes effect before the old period's next tick would have come,
    and is followed by the first tick of the new period: so the two lie less than the sum of both periods apart."""
    periods = iter(periods_ms)
    period_ms = next(periods)
    for earlier, later in pairwise(ticks_ms):
        if later != (earlier // period_ms + 1) * period_ms:
            old_ms, period_ms = period_ms, next(periods)
            assert later % period_ms == 0
            assert later - earlier < old_ms + period_ms
    assert period_ms == periods_ms[-1]


def faults(redis_url: str) -> list[str]:
    """Why the cadence in force isn't the file's, as other processes see it."""
    return LifoBroker(url=redis_url).registry.cadence_faults()


def test_a_bad_file_or_none_leaves_the_last_good_cadence_in_force(
    tmp_path: Path, slow_cadence_file: Path, redis_url: str
) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(slow_cadence_file)) as scheduler:
        scheduler.wait_for_ticks(2)
        replace(slow_cadence_file, '[queues.default]\nevery = "never"\n')
        scheduler.wait_for_log("queues.default.every must be a duration")
        wait_until(lambda: faults(redis_url), "the registry to show it")
        [fault] = faults(redis_url)
        assert "queues.default.every must be a duration" in fault
        scheduler.wait_for_ticks(2)
        slow_cadence_file.unlink()
        scheduler.wait_for_log("can't be read: No such file or directory")
        scheduler.wait_for_ticks(2)

        assert {later - earlier for earlier, later in pairwise(scheduler.ticks_ms)} == {1000}


def test_two_schedulers_with_different_files_name_each_other(
    tmp_path: Path, cadence_file: Path, redis_url: str
) -> None:
    other_file = tmp_path / "other.toml"
    other_file.write_text('[queues.default]\nevery = "300ms"\nbatch = 7\n')
    with (
        SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)) as one,
        SchedulerProcess(tmp_path, "two", REDIS_URL=redis_url, CADENCE_FILE=str(other_file)) as two,
    ):
        one.wait_for_log(f":{two.pid}:")
        two.wait_for_log(f":{one.pid}:")
        assert "default.batch is 0 here and 7 there; default.ticks is every 250ms here and every 300ms there" in one.log

        replace(other_file, cadence_file.read_text())
        one.wait_for_log("has read the same cadence as this one again")
        assert [log.count("has read another cadence than this one") for log in (one.log, two.log)] == [1, 1]


def test_a_scheduler_survives_a_server_that_is_killed_and_one_that_was_emptied(
    tmp_path: Path, cadence_file: Path, own_server: EmbeddedServer
) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=own_server.url, CADENCE_FILE=str(cadence_file)) as scheduler:
        scheduler.wait_for_ticks(2)
        own_server.kill()
        scheduler.wait_for_log("no window was opened for the tick of")
        own_server.start()
        scheduler.wait_for_log("windows open again")
        scheduler.wait_for_ticks(2)

        with own_server.client() as client:
            client.flushall()
            scheduler.wait_for_ticks(2)
            assert client.hget(keys.policy("default"), "mode") == "windows"


def test_a_scheduler_that_starts_before_redis_opens_windows_as_soon_as_it_is_there(
    tmp_path: Path, cadence_file: Path, own_server: EmbeddedServer
) -> None:
    own_server.kill()
    with SchedulerProcess(tmp_path, "one", REDIS_URL=own_server.url, CADENCE_FILE=str(cadence_file)) as scheduler:
        scheduler.wait_for_log("no window was opened for the tick of")
        own_server.start()
        scheduler.wait_for_ticks(2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_however_often_it_is_shown(
    tmp_path: Path, cadence_file: Path, redis_url: str, number: signal.Signals
) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)) as scheduler:
        scheduler.wait_for_ticks(1)
        scheduler.signal(number)
        scheduler.signal(number)
        assert scheduler.wait(60) == 0
        assert "Traceback" not in scheduler.log
        assert "opened here" in scheduler.log


def test_it_ends_while_redis_hangs(tmp_path: Path, cadence_file: Path, own_server: EmbeddedServer) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=own_server.url, CADENCE_FILE=str(cadence_file)) as scheduler:
        scheduler.wait_for_ticks(1)
        assert own_server.pid is not None
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            scheduler.wait_for_log("Redis doesn't answer")
            scheduler.signal(signal.SIGTERM)
            assert scheduler.wait(60) == 0
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
