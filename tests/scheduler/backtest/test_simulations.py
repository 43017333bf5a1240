"""Arrivals whose outcome can be told by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis

from middleware.commands import keys
from middleware.tags import digests
from scheduler.backtest.arrivals import Arrival
from scheduler.backtest.own_server import OwnServer, OwnServerError
from scheduler.blackout import parse_blackout
from scheduler.cadence import QueueCadence
from scheduler.ticks import Every
from scheduler.timetable import Timetable

from ..times import at
from .conftest import Simulate

S = 1_000_000
BASE = at("2030-01-07 12:00:00")


def windows(every_s: float = 10, **more: Any) -> QueueCadence:
    timetable = Timetable(Every(int(every_s * S)))
    return QueueCadence(queue="default", **{"timetable": timetable, **more})


def continuous(**more: Any) -> QueueCadence:
    return QueueCadence(queue="default", timetable=None, **more)


def came(*seconds: float, deadline_s: float | None = None) -> list[Arrival]:
    """Jobs that arrive so many seconds after BASE, each with a deadline so long after that."""
    return [
        Arrival(at_us := BASE + int(s * S), None if deadline_s is None else at_us + int(deadline_s * S))
        for s in seconds
    ]


def seconds(starts: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [((arrived - BASE) / S, (started - BASE) / S) for arrived, started in starts]


def client_of(server: OwnServer) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.folder / "socket"), decode_responses=True)


def test_a_window_lets_the_newest_through_until_its_credits_are_used(simulate: Simulate) -> None:
    starts, figures = simulate(came(1, 2, 3, 11), windows(close_when_empty=True, batch=2))

    assert seconds(starts) == [(3, 10), (2, 10), (11, 20), (1, 20)]
    assert (figures.started, figures.left_waiting, figures.expired) == (4, 0, 0)
    assert figures.waits_us == {50: 8 * S, 90: 19 * S, 99: 19 * S}
    assert figures.longest_wait_us == 19 * S


def test_jobs_wait_for_idle_threads(simulate: Simulate) -> None:
    starts, figures = simulate(came(0, 1, 2, 3), continuous(), threads=2, run_us=5 * S)

    assert seconds(starts) == [(0, 0), (1, 1), (3, 5), (2, 6)]
    assert figures.ended_at_us == BASE + 11 * S
    assert figures.busy == pytest.approx(20 / 22)


def test_the_oldest_first_with_fifo(simulate: Simulate) -> None:
    starts, _ = simulate(came(0, 1, 2, 3), continuous(order="fifo"), run_us=5 * S)

    assert seconds(starts) == [(0, 0), (1, 5), (2, 10), (3, 15)]


def test_the_share_of_the_oldest_holds(simulate: Simulate) -> None:
    starts, _ = simulate(came(1, 2, 3, 4), windows(oldest_share_ppm=500_000, close_when_empty=True))

    assert [arrived for arrived, _ in seconds(starts)] == [4, 1, 3, 2]


def test_what_is_not_claimed_by_its_deadline_expires(simulate: Simulate) -> None:
    starts, figures = simulate([*came(1, 4, 9, deadline_s=5), *came(2)], windows(close_when_empty=True, batch=1))

    assert seconds(starts) == [(9, 10), (2, 20)]
    assert (figures.started, figures.expired, figures.left_waiting) == (2, 2, 0)


def test_a_window_that_deadlines_have_emptied_is_closed(simulate: Simulate) -> None:
    """As in the service, where maintenance ends jobs on time: a job that comes then waits for the next window."""
    busy, late, later = came(0)[0], came(1, deadline_s=2)[0], came(6)[0]
    starts, figures = simulate([busy, late, later], windows(close_when_empty=True, batch=0), run_us=5 * S)

    assert seconds(starts) == [(0, 0), (6, 10)]
    assert figures.expired == 1


def test_many_deadlines_that_pass_at_once_all_expire(simulate: Simulate) -> None:
    jobs = [Arrival(BASE + n, BASE + S) for n in range(700)]
    starts, figures = simulate([*jobs, *came(10)], continuous(), run_us=5 * S)

    assert len(starts) == figures.started == 2
    assert figures.expired == 699


def test_a_newer_job_of_a_subject_supersedes_those_that_wait(simulate: Simulate) -> None:
    subject, other = digests(["customer 7"]), digests(["customer 8"])
    jobs = [
        Arrival(BASE + s * S, subject=of) for s, of in ((1, subject), (2, subject), (3, other), (4, subject), (5, ""))
    ]
    starts, figures = simulate(jobs, windows(close_when_empty=True))

    assert seconds(starts) == [(5, 10), (4, 10), (3, 10)]
    assert (figures.started, figures.superseded, figures.expired, figures.left_waiting) == (3, 2, 0, 0)


def test_by_generation_what_comes_late_waits_its_turn_and_supersedes_nothing(simulate: Simulate) -> None:
    subject = digests(["sensor"])
    jobs = [
        Arrival(BASE + 1 * S, generated_us=BASE + 1 * S, subject=subject),
        Arrival(BASE + 2 * S, generated_us=BASE - 9 * S),
        Arrival(BASE + 3 * S, generated_us=BASE - 5 * S, subject=subject),
        Arrival(BASE + 4 * S, generated_us=BASE - 1 * S),
    ]
    for order_by, started, superseded in (("generated", [1, 4, 2], 1), ("accepted", [4, 3, 2], 1)):
        starts, figures = simulate(jobs, windows(close_when_empty=True, order_by=order_by))
        assert [s for s, _ in seconds(starts)] == started
        assert figures.superseded == superseded


def test_what_is_left_waiting_is_as_old_as_it_waits_and_not_as_it_was_generated(simulate: Simulate) -> None:
    jobs = [Arrival(BASE + s * S, generated_us=BASE - s * 100 * S) for s in (1, 2, 3)]
    _, figures = simulate(jobs, windows(batch=1, order_by="generated"), drain_us=4 * S)

    assert figures.left_waiting == 2
    assert figures.longest_wait_us is not None
    assert figures.longest_wait_us <= 7 * S


def test_it_ends_some_time_after_the_last_arrival_and_says_what_still_waits(simulate: Simulate) -> None:
    starts, figures = simulate(came(1, 2, 3), windows(batch=1), drain_us=10 * S)

    assert seconds(starts) == [(1, 1), (3, 10)]
    assert (figures.left_waiting, figures.longest_wait_us) == (1, 11 * S)


def test_nothing_starts_in_a_blackout(simulate: Simulate) -> None:
    blackout = parse_blackout(["12:01-13:00"], ZoneInfo("UTC"))
    cadence = windows(timetable=Timetable(Every(50 * S), blackout))
    starts, _ = simulate(came(30, 61, 600), cadence)

    assert seconds(starts) == [(30, 30), (600, 3600), (61, 3600)]


def test_ticks_over_an_empty_stack_are_passed_over(simulate: Simulate) -> None:
    """There are 26 million of them, which would take hours."""
    month = 30 * 86_400
    starts, _ = simulate(came(0.05, month + 0.05), windows(0.1, lasts_us=20_000))

    assert seconds(starts) == [(0.05, 0.1), (month + 0.05, month + 0.1)]


def test_times_may_begin_at_the_epoch(simulate: Simulate) -> None:
    starts, _ = simulate([Arrival(0), Arrival(1)], windows(1))

    assert starts == [(0, 0), (1, 1)]


def test_freshness_is_the_age_of_the_newest_processed_job(simulate: Simulate) -> None:
    """Processed at 10 (arrived at 0) and at 20 (arrived at 10): the age goes from 10 to 20, and again."""
    _, figures = simulate(came(0, 10, 20, 30), continuous(), threads=3, run_us=10 * S)

    assert figures.freshness_us == pytest.approx(15 * S)
    assert figures.stalest_us == 20 * S


def test_freshness_goes_on_ageing_while_old_jobs_are_processed(simulate: Simulate) -> None:
    _, figures = simulate(came(0, 0.1, 0.2, 40), continuous(order="lifo"), run_us=10 * S)

    # 0 is processed at 10 (age 10), then 0.2 at 20 (age 20 before, 19.8 after), then 0.1 at 30: until 40 it is 39.8.
    assert figures.stalest_us == int(39.8 * S)
    assert figures.freshness_us == pytest.approx((15 * 10 + (19.8 + 39.8) / 2 * 20) / 30 * S)


def test_many_jobs_leave_little_behind(simulate: Simulate, simulation_server: OwnServer) -> None:
    simulate([Arrival(BASE + n * 1000) for n in range(2500)], continuous())

    with client_of(simulation_server) as client:
        assert client.hlen(keys.records("default")) < 1100
        assert client.dbsize() < 25


def test_the_server_is_nobody_elses_and_is_gone_afterwards() -> None:
    with OwnServer() as server:
        folder = server.folder
        assert folder.stat().st_mode & 0o777 == 0o700
        with client_of(server) as client:
            held = {name: client.config_get(name)[name] for name in ("port", "save", "appendonly")}
        assert held == {"port": "0", "save": "", "appendonly": "no"}

    assert not folder.exists()


def test_a_server_that_does_not_start_is_an_error_that_says_why(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = short_folder / "valkey-server"
    binary.write_text("#!/bin/sh\necho 'no memory left'\nexit 1\n")
    binary.chmod(0o700)
    monkeypatch.setattr("scheduler.backtest.own_server.find_binary", lambda: binary)
    monkeypatch.setattr("tempfile.tempdir", str(short_folder))

    with pytest.raises(OwnServerError, match="no memory left"), OwnServer():
        pass
    assert [found.name for found in short_folder.iterdir()] == ["valkey-server"]


def test_without_a_server_program_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(OwnServerError, match="Install one of them"), OwnServer():
        pass


def test_a_temporary_folder_whose_name_is_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    with pytest.raises(OwnServerError, match="set TMPDIR to a shorter one"), OwnServer():
        pass
    assert not list(folder.iterdir())
