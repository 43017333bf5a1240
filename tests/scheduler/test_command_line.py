"""The commands as timers and people call them, with their exit statuses."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from local.embedded import free_port
from middleware.broker import LifoBroker
from middleware.queues.command_user import command_user
from middleware.settings import ROOT

from ..service import clean_environment
from .times import parsed

CADENCE = '[queues.default]\nevery = "1h"\nbatch = 3\nlasts = "30s"\nclose_when_empty = true\n'


@pytest.fixture
def cadence_file(tmp_path: Path) -> Path:
    path = tmp_path / "cadence.toml"
    path.write_text(CADENCE)
    return path


@pytest.fixture
def broker(redis_url: str) -> Iterator[LifoBroker]:
    broker = LifoBroker(url=redis_url, gated=True, patience_s=1)
    broker.declare_queue("default")
    yield broker
    broker.close()


def scheduler(
    cadence_file: Path, *arguments: str, status: int, redis_url: str = "redis://127.0.0.1:1/0", **settings: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "scheduler", *arguments],
        check=False,
        cwd=ROOT,
        env=clean_environment(REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file), **settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done


def accept(broker: LifoBroker, count: int) -> None:
    @dramatiq.actor(broker=broker)
    def nothing() -> None: ...

    broker.accept([nothing.message() for _ in range(count)])


def test_check_shows_the_next_ten_ticks_without_redis(cadence_file: Path) -> None:
    cadence_file.write_text('[queues.default]\ncron = "*/15 3 * * *"\ntimezone = "Europe/Berlin"\n')
    head, *ticks = scheduler(cadence_file, "check", status=0).stdout.splitlines()
    assert head.startswith("default: cron */15 3 * * * (Europe/Berlin), batch without bound, lasts until the next tick")
    assert len(ticks) == 10
    assert all(" 03:" in tick.split("Z")[1] for tick in ticks)
    times = [parsed(tick.split("Z")[0].strip() + "Z") for tick in ticks]
    assert times == sorted(set(times))


def test_who_reads_may_have_seen_enough(cadence_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "scheduler", "check"],
        check=False,
        cwd=ROOT,
        env=clean_environment(CADENCE_FILE=str(cadence_file)),
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")


def test_check_shows_recurring_jobs_with_their_next_ten_ticks(cadence_file: Path) -> None:
    section = '[jobs.nightly]\ntask = "process_message"\npayload = { message = "x" }\ncron = "30 3 * * *"\n'
    cadence_file.write_text(f'{CADENCE}{section}timezone = "Europe/Berlin"\nskip_if_waiting = true\n')
    lines = scheduler(cadence_file, "check", status=0).stdout.splitlines()
    head, *ticks = lines[11:]
    assert head == (
        "jobs.nightly: process_message in queue default, cron 30 3 * * * (Europe/Berlin), no blackouts, "
        "missed ticks: skip, not while the last one waits"
    )
    assert len(ticks) == 10
    assert all(" 03:30:00+0" in tick for tick in ticks)


def test_check_tells_the_limits_of_a_queue_and_its_groups(cadence_file: Path) -> None:
    limits = "max_running = 20\nmax_running_per_group = 4\nshare_by_group = true\n"
    cadence_file.write_text(f'[queues.default]\nmode = "continuous"\n{limits}')
    done = scheduler(cadence_file, "check", status=0)
    assert done.stdout == (
        "default: continuous, lifo, oldest share 0, by turns of the groups, at most 20 at once, "
        "at most 4 of a group at once\n"
    )


def test_a_bad_payload_ends_it_with_status_2_and_a_pointer(cadence_file: Path) -> None:
    cadence_file.write_text(f'{CADENCE}[jobs.nightly]\ntask = "process_message"\nevery = "1h"\n')
    done = scheduler(cadence_file, "check", status=2)
    assert done.stderr == (
        f"scheduler: {cadence_file}: jobs.nightly.payload doesn't fit task process_message: /message: "
        "Missing data for required field.\n"
    )


def test_check_shows_overrides_and_continuous_queues(cadence_file: Path) -> None:
    settings = {"CADENCE_DEFAULT_MODE": "continuous", "CADENCE_DEFAULT_OLDEST_SHARE": "0.1"}
    done = scheduler(cadence_file, "check", status=0, **settings)
    assert done.stdout == "default: continuous, lifo, oldest share 0.1\n"


@pytest.mark.parametrize("arguments", [[], ["check"], ["open"]])
def test_a_bad_file_ends_it_with_status_2_and_one_line(cadence_file: Path, arguments: list[str]) -> None:
    cadence_file.write_text("[queues.default]\nevery = 2\n")
    done = scheduler(cadence_file, *arguments, status=2)
    assert done.stderr.startswith(f"scheduler: {cadence_file}: queues.default.every must be a duration")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["open", "--batch", "-1"],
        ["open", "--batch", "many"],
        ["open", "--lasts", "60"],
        ["open", "--lasts", "1ms"],
        ["open", "--queue", "nothing"],
        ["opne"],
        ["check", "--json"],
        ["--queue", "default"],
    ],
)
def test_bad_arguments_end_it_with_status_2(cadence_file: Path, arguments: list[str]) -> None:
    assert scheduler(cadence_file, *arguments, status=2).stdout == ""


def test_open_on_a_continuous_queue_ends_with_status_2(cadence_file: Path) -> None:
    done = scheduler(cadence_file, "open", status=2, CADENCE_DEFAULT_MODE="continuous")
    assert "is continuous" in done.stderr


def test_open_without_redis_ends_with_status_1(cadence_file: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert "Redis doesn't answer" in scheduler(cadence_file, "open", status=1, redis_url=url).stderr


def test_open_over_an_empty_stack_has_nothing_to_do(cadence_file: Path, redis_url: str) -> None:
    window = json.loads(scheduler(cadence_file, "open", "--json", status=3, redis_url=redis_url).stdout)
    assert (window["status"], window["close_reason"], window["claimed"]) == ("closed", "empty", 0)


def test_open_opens_one_window_by_the_cadence_and_ends(cadence_file: Path, redis_url: str, broker: LifoBroker) -> None:
    accept(broker, 2)
    done = scheduler(cadence_file, "open", status=0, redis_url=redis_url)
    [window] = broker.windows.page(queue="default").windows
    assert done.stdout == f"Window {window.id} is open.\n"
    assert (window.is_open, window.opened_by, window.credits) == (True, "command", 3)
    assert window.closes_at_us == window.opened_at_us + 30_000_000


def test_open_takes_batch_and_length_from_its_arguments(cadence_file: Path, redis_url: str, broker: LifoBroker) -> None:
    accept(broker, 1)
    arguments = ["open", "--queue", "default", "--batch", "0", "--lasts", "1m30s", "--json"]
    window = json.loads(scheduler(cadence_file, *arguments, status=0, redis_url=redis_url).stdout)
    assert (window["status"], window["credits"]) == ("open", None)
    assert (parsed(window["closes_at"]) - parsed(window["opened_at"])).total_seconds() == 90
    assert [window.opener for window in broker.windows.page(queue="default").windows] == [command_user()]


def test_open_and_wait_shows_what_the_window_did(cadence_file: Path, redis_url: str, broker: LifoBroker) -> None:
    accept(broker, 5)
    worker = dramatiq.Worker(broker, worker_threads=2)
    worker.start()
    try:
        done = scheduler(cadence_file, "open", "--wait", "--json", status=0, redis_url=redis_url)
    finally:
        worker.stop()
    window = json.loads(done.stdout)
    assert (window["status"], window["close_reason"], window["left_waiting"]) == ("closed", "credits", 2)
    assert (window["claimed"], window["processed"], window["running"]) == (3, 3, 0)
    assert done.stderr == ""


def test_open_and_wait_ends_when_nobody_claims(cadence_file: Path, redis_url: str, broker: LifoBroker) -> None:
    accept(broker, 1)
    done = scheduler(cadence_file, "open", "--wait", "--lasts", "300ms", "--json", status=3, redis_url=redis_url)
    window = json.loads(done.stdout)
    assert (window["status"], window["close_reason"], window["claimed"]) == ("closed", "time", 0)
    assert window["closed_at"] == window["closes_at"]


def test_a_person_who_waits_sees_how_far_the_window_is(cadence_file: Path, redis_url: str, broker: LifoBroker) -> None:
    accept(broker, 1)
    terminal, stderr = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "scheduler", "open", "--wait", "--batch", "7", "--lasts", "3s"],
            cwd=ROOT,
            env=clean_environment(REDIS_URL=redis_url, CADENCE_FILE=str(cadence_file)),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        ) as process:
            process.wait(60)
        shown = os.read(terminal, 100_000).decode()
    finally:
        os.close(terminal)
        os.close(stderr)
    assert "window default.1 open for" in shown
    assert "0 of 7 claimed, 0 running" in shown
    assert shown.endswith("\r\x1b[K")


def test_check_says_when_an_adaptive_order_changes(cadence_file: Path) -> None:
    settings = {"CADENCE_DEFAULT_ORDER": "adaptive", "CADENCE_DEFAULT_LIFO_ABOVE": "10s"}
    shown = scheduler(cadence_file, "check", status=0, **settings).stdout
    assert "adaptive: lifo from 10s of waiting on, fifo again under 5s" in shown


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("lifo", "lifo (last generated first),"),
        ("fifo", "fifo (first generated first),"),
        (
            "adaptive",
            "adaptive: lifo (last generated first) from 10s of waiting on, fifo (first generated first) again",
        ),
    ],
)
def test_check_says_which_job_goes_first_by_generation(cadence_file: Path, order: str, words: str) -> None:
    bound = {"CADENCE_DEFAULT_LIFO_ABOVE": "10s"} if order == "adaptive" else {}
    settings = {"CADENCE_DEFAULT_ORDER": order, "CADENCE_DEFAULT_ORDER_BY": "generated"} | bound
    assert words in scheduler(cadence_file, "check", status=0, **settings).stdout
