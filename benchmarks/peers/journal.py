"""Where a stamp job writes when it started: one line of two numbers, when it was due and when it started, in
nanoseconds of the machine's monotonic clock, which all processes share."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path


@cache
def _journal() -> int:
    return os.open(os.environ["BENCH_JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def stamp(due_ns: int, work_ms: float) -> None:
    """Write a line, then work: which means to sleep."""
    os.write(_journal(), b"%d %d\n" % (due_ns, time.monotonic_ns()))
    if work_ms:
        time.sleep(work_ms / 1000)


def read(journal: Path) -> list[tuple[int, int]]:
    """What was written so far: (due, started) of each job."""
    if not journal.exists():
        return []
    lines = journal.read_text(encoding="ascii").splitlines()
    return [(int(due), int(started)) for due, started in (line.split() for line in lines)]
