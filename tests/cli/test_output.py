"""Times, tables and bars for people."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from cli.output.times import short_ms, short_s, short_time

from ..service import ROOT, clean_environment
from .running import submitted


def test_durations_have_a_unit_that_fits() -> None:
    assert (short_ms(2.34), short_ms(None)) == ("2.3 ms", "–")
    assert (short_s(303), short_s(None)) == ("5 min 3 s", "–")


def test_times_leave_out_what_is_the_same_today() -> None:
    now = datetime(2030, 6, 15, 12, 0).astimezone()

    assert short_time(None) == "–"
    assert short_time((now - timedelta(hours=2)).isoformat(), now) == "10:00:00"
    assert short_time((now - timedelta(days=2)).astimezone(UTC).isoformat(), now) == "06-13 12:00"
    assert short_time((now - timedelta(days=400)).isoformat(), now) == "2029-05-11"


def on_a_terminal(*words: str, redis_url: str, columns: int = 60, **settings: str) -> str:
    """What a command shows on a terminal of this width."""
    terminal, output = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT,
            env=clean_environment(REDIS_URL=redis_url, COLUMNS=str(columns), TERM="xterm", **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        os.close(output)
        shown = b""
        while True:
            try:
                shown += os.read(terminal, 65_536)
            except OSError:  # the command has ended
                break
        process.wait(60)
    finally:
        os.close(terminal)
    return shown.decode()


def test_a_terminal_gets_colours_lines_of_its_width_and_json_that_is_laid_out(redis_url: str) -> None:
    submitted("x")

    heading, line = on_a_terminal("jobs", redis_url=redis_url).splitlines()
    document = on_a_terminal("jobs", "--json", redis_url=redis_url)

    assert len(heading) <= 60
    assert "\x1b[34mqueued" in line
    assert "\x1b" not in on_a_terminal("jobs", redis_url=redis_url, NO_COLOR="1")
    assert document.splitlines()[:2] == ["[", "  {"]


@pytest.mark.parametrize(
    ("redirected", "status", "says"),
    [
        (">/dev/full", 1, "lastin: What was to be shown can't be written: No space left on device.\n"),
        (">&-", 0, ""),
        ("| true", 1, ""),
    ],
)
def test_output_that_nobody_takes_ends_it_without_a_traceback(
    redis_url: str, redirected: str, status: int, says: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; sleep 0.2; {sys.executable} -m cli jobs {redirected}"],
        cwd=ROOT,
        env=clean_environment(REDIS_URL=redis_url),
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (status, says)


def test_a_bar_shows_how_far_bulk_work_is(redis_url: str) -> None:
    submitted(*"abc")

    with_a_bar = on_a_terminal("jobs", "cancel", "--queue", "default", redis_url=redis_url, columns=100)
    counted = on_a_terminal("jobs", "retry", "--created-after", "1h", redis_url=redis_url)

    assert "Cancelling" in with_a_bar
    assert "3/3" in with_a_bar
    assert "3 jobs cancelled." in with_a_bar
    assert "Retrying: 3 so far" in counted
    assert "3 jobs put back on top." in counted
