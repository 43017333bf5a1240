"""``python -m benchmarks`` from the outside, with the smallest sizes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..service import ROOT, clean_environment, wait_until


def command(*arguments: str) -> dict[str, Any]:
    """How to start it."""
    return {
        "args": [sys.executable, "-m", "benchmarks", *arguments],
        "cwd": ROOT,
        "env": clean_environment(),
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(check=False, timeout=110, **command(*arguments))


def test_a_measure_runs_end_to_end_and_keeps_its_result(tmp_path: Path) -> None:
    done = run("drain-1x8", "--size", "tiny", "--only", "lastin", "--wait", "0", "--results", str(tmp_path))

    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.glob("*-tiny.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    (measure,) = result["measures"]
    assert measure["contestants"]["lastin"]["values"]["rate"][0] > 0
    assert all(
        found["not_measured"] == "left out" for name, found in measure["contestants"].items() if name != "lastin"
    )
    assert "| drain-1x8 | rate, jobs/s | lastin |" in done.stdout
    assert result["settings"]["policy"] == "continuous lifo, oldest_share 0"
    assert result["settings"]["appendfsync"] == "everysec"
    assert "commit" in result


def test_the_http_service_is_measured_beside_one_by_hand(tmp_path: Path) -> None:
    done = run(
        *("submit", "--size", "tiny", "--only", "lastin-web", "flask", "--wait", "0", "--results", str(tmp_path)),
    )

    assert done.returncode == 0, done.stderr
    assert "| submit | rate, 16 connections, requests/s | flask |" in done.stdout


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """What a shell runs in the background is deaf to SIGINT, and so is what it starts: the tests may be run so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_ends_it_and_leaves_no_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        **command("drain-1x8", "--only", "lastin", "--wait", "0", "--results", str(tmp_path)), start_new_session=True
    ) as process:
        wait_until(lambda: _with_parent(process.pid), "its first process")
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)

    assert process.returncode == 130, words
    assert "Stopped; nothing was kept." in words
    assert not list(tmp_path.iterdir())
    assert not _with_parent(process.pid)


def test_a_word_that_fits_nothing_is_refused() -> None:
    done = run("draim")

    assert done.returncode == 2
    assert "no measure has 'draim' in its name" in done.stderr


def _with_parent(pid: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(pid):
            found.append(stat.parent.name)
    return found
