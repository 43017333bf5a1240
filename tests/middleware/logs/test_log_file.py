"""LOG_FILE: one file for all processes, rotated by any of them, that loses no line and stops nobody."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from middleware.logs.file import SharedFileHandler

from ...service import ROOT, python
from ..receivers import Drops

WRITE = """
import logging, sys
from pathlib import Path
from middleware.logs.file import SharedFileHandler
handler = SharedFileHandler(Path(sys.argv[1]), largest_bytes=20_000, kept=100)
logger = logging.getLogger("x")
logger.addHandler(handler)
for n in range(2000):
    logger.warning("%s %d %s", sys.argv[2], n, "." * 60)
"""


def logger_to(path: Path, *, largest_bytes: int = 1000, kept: int = 3) -> logging.Logger:
    logger = logging.Logger("tests.file")
    logger.addHandler(SharedFileHandler(path, largest_bytes=largest_bytes, kept=kept))
    return logger


def test_several_processes_write_and_rotate_one_file_without_losing_or_mixing_lines(tmp_path: Path) -> None:
    path = tmp_path / "lastin.log"
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, path, who], cwd=ROOT) for who in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    files = [path, *tmp_path.glob("lastin.log.[0-9]*")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert len(files) > 10
    assert sorted(lines) == sorted(f"{who} {n} {'.' * 60}" for who in "abc" for n in range(2000))
    assert all(file.stat().st_size <= 20_000 + 3 * 100 for file in files)  # each of them may add a last line


def test_only_so_many_rotated_files_stay_the_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "lastin.log"
    logger = logger_to(path, largest_bytes=100, kept=2)
    for n in range(10):
        logger.warning("%d %s", n, "." * 90)

    assert sorted(file.name for file in tmp_path.glob("lastin.log*")) == [
        *("lastin.log", "lastin.log.1", "lastin.log.2", "lastin.log.lock")
    ]
    assert [Path(f"{path}{end}").read_text()[0] for end in ("", ".1", ".2")] == ["9", "8", "7"]


def test_a_file_that_another_tool_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "lastin.log"
    logger = logger_to(path)
    logger.warning("one")
    path.rename(tmp_path / "moved")
    logger.warning("two")

    assert (tmp_path / "moved").read_text() == "one\n"
    assert path.read_text() == "two\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is needed")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    drops = Drops()
    logger = logger_to(Path("/dev/full"))
    for _ in range(3):
        logger.warning("no room")

    assert drops.count == 3


@pytest.mark.skipif(os.getuid() == 0 and not Path("/proc/version").exists(), reason="a folder that can't be written to")
def test_a_file_that_cant_be_opened_stops_the_start_with_one_line() -> None:
    done = python("-m", "scheduler", LOG_FILE="/proc/version/lastin.log")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "lastin: LOG_FILE must be a file that can be written to, but /proc/version/lastin.log can't: Not a directory."
    ]
