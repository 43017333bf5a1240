"""``python -m scheduler backtest`` as people and programs call it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from middleware.settings import ROOT
from scheduler.__main__ import main

from ...middleware.scripted import ScriptedQueue
from ...service import clean_environment, wait_until

CADENCES = """\
[queues.default]
every = "10s"
batch = 0
close_when_empty = true

[queues.at-once]
mode = "continuous"
"""
CAME = "created_at,expires_in_s,run_ms\n" + "".join(f"2030-01-07T12:00:{second:02}Z,5,20\n" for second in range(20))


@pytest.fixture
def cadences(tmp_path: Path) -> str:
    path = tmp_path / "cadences.toml"
    path.write_text(CADENCES)
    return str(path)


@pytest.fixture
def came(tmp_path: Path) -> str:
    path = tmp_path / "came.csv"
    path.write_text(CAME)
    return str(path)


def backtest(*arguments: str) -> int:
    try:
        return main(["backtest", *arguments])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_cadences_are_compared_side_by_side(cadences: str, came: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert backtest(cadences, f"{cadences}:at-once", "--csv", came, "--threads", "2") == 0

    shown = capfd.readouterr()
    assert shown.err == ""
    head, _, first, second, _, names, *rows = shown.out.splitlines()
    assert head.startswith("20 arrivals in queue default within 19 s, from 2030-01-07T12:00:00.000000Z; 2 threads; run")
    assert first.startswith(f"{cadences}: every 10s, batch without bound, lasts until the next tick or until the stack")
    assert second == f"{cadences}:at-once: continuous, lifo, oldest share 0"
    assert names.split() == [f"…{cadences[-39:]}", f"…{cadences[-31:]}:at-once"]
    assert len({len(row) for row in rows}) == 1
    table = {row[:18].strip(): row[18:].split("  ") for row in rows}
    assert [cell.strip() for cell in table["expired"] if cell] == ["10", "0"]
    assert [cell.strip() for cell in table["expired share"] if cell] == ["50.0 %", "0.0 %"]
    assert [cell.strip() for cell in table["longest wait"] if cell] == ["4 s", "0.0 ms"]


def test_programs_get_one_json_object(cadences: str, came: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest(f"{cadences}:at-once", "--csv", came, "--threads", "1", "--run-time", "2s", "--json") == 0

    report = json.loads(capsys.readouterr().out)
    (outcome,) = report.pop("cadences")
    assert report == {
        "queue": "default",
        "arrivals": 20,
        "first_at": "2030-01-07T12:00:00.000000Z",
        "last_at": "2030-01-07T12:00:19.000000Z",
        "threads": 1,
        "run_time": "2s",
    }
    assert outcome == {
        "cadence": f"{cadences}:at-once",
        "means": ["continuous", "lifo", "oldest share 0"],
        "started": 11,
        "wait_ms": {"p50": 0.0, "p90": 0.0, "p99": 1000.0, "longest": 1000.0},
        "freshness_ms": outcome["freshness_ms"],
        "expired": 9,
        "expired_share": 0.45,
        "superseded": 0,
        "left_waiting": 0,
        "threads_busy": 1.0,
        "ended_at": "2030-01-07T12:00:22.000000Z",
    }
    assert outcome["freshness_ms"]["worst"] == pytest.approx(4000)


def test_recorded_arrivals_are_replayed_and_stay_as_they_are(
    cadences: str, redis_url: str, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = ScriptedQueue(redis_url)
    for _ in range(3):
        queue.send(f"job-{queue.clock.now_us}")
        queue.clock.forward(s=4)
    queue.close()
    before = {key: redis_client.dump(key) for key in redis_client.scan_iter()}

    assert backtest(cadences, "--run-time", "1s", "--json") == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["arrivals"], report["cadences"][0]["started"]) == (3, 3)
    assert {key: redis_client.dump(key) for key in redis_client.scan_iter()} == before


def test_without_arrivals_there_is_nothing_to_do(
    cadences: str, tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert redis_url
    assert backtest(cadences) == 3
    assert capsys.readouterr().err == "scheduler: No arrivals to replay in queue default.\n"

    (tmp_path / "none.csv").write_text("created_at\n")
    assert backtest(cadences, "--csv", str(tmp_path / "none.csv")) == 3
    assert capsys.readouterr().err == f"scheduler: No arrivals to replay in {tmp_path / 'none.csv'}.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CADENCES:at_once", "--csv", "CAME"], "has no section [queues.at_once]; did you mean at-once?"),
        (["missing.toml", "--csv", "CAME"], "missing.toml: can't be read: No such file or directory."),
        (["CADENCES", "--csv", "missing.csv"], "missing.csv: can't be read: No such file or directory."),
        (["CADENCES", "--csv", "CADENCES"], "line 1: there is no column '[queues.default]'; expected are created_at"),
        (["CADENCES", "--csv", "CAME", "--queue", "mails"], "--queue must be a declared queue (default"),
        (["CADENCES", "--csv", "CAME", "--threads", "0"], "expected a whole number from 1 to 10000, got '0'"),
        (["CADENCES", "--csv", "CAME", "--run-time", "p0"], "expected a duration such as 50ms, recorded, or p1 to"),
        (["CADENCES", "--csv", "CAME", "--drain", "40d"], "expected a duration from 0s to 31d, got '40d'"),
        (["CADENCES", "--csv", "CAME", "--created-after", "once"], "expected a time such as 2030-01-31T12:00:00Z or"),
    ],
)
def test_what_cannot_be_used_ends_it_with_status_2(
    cadences: str, came: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [argument.replace("CADENCES", cadences).replace("CAME", came) for argument in arguments]

    assert backtest(*words) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_without_run_times_one_must_be_given(cadences: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "came.csv").write_text("created_at\n1\n")

    assert backtest(cadences, "--csv", str(tmp_path / "came.csv")) == 2
    assert "say so, such as --run-time 50ms" in capsys.readouterr().err


def test_redis_that_is_away_ends_it_with_status_1(cadences: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scheduler", "backtest", cadences],
        check=False,
        cwd=ROOT,
        env=clean_environment(REDIS_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("scheduler: Redis doesn't answer")


def test_a_person_sees_a_bar_and_a_kill_leaves_nothing_behind(cadences: str, short_folder: Path) -> None:
    many = short_folder / "many.csv"
    many.write_text("created_at,run_ms\n" + "".join(f"{n / 100},20\n" for n in range(100_000)))
    (short_folder / "tmp").mkdir()
    terminal, stderr = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler", "backtest", f"{cadences}:at-once", "--csv", str(many)],
        cwd=ROOT,
        env=clean_environment(REDIS_URL="redis://127.0.0.1:1/0", TMPDIR=str(short_folder / "tmp")),
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    os.close(stderr)  # so that reading ends when the process does
    shown = ""
    try:
        while not re.search(r" [1-9]\d*/100000", shown):
            shown += os.read(terminal, 1000).decode()
        assert [folder.name[:16] for folder in (short_folder / "tmp").iterdir()] == ["lastin-backtest-"]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(terminal)
    wait_until(lambda: not list((short_folder / "tmp").iterdir()), "the server to be gone, with its folder")
