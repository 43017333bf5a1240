"""What a run ran on, and whether it had the machine for itself."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from middleware.settings import ROOT

QUIET_SHARE = 0.08
"""The machine counts as quiet while others use less than this share of its cores."""
LOOK_S = 1.0
LOOKS = 3
WRITTEN_FROM_RESULTS = (":!benchmarks/results", ":!docs/performance.md", ":!README.md")
STAT = Path("/proc/stat")


def size() -> dict[str, object]:
    """Cores, memory and system; nothing that names the machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """The commit that is checked out, with ``+`` where files differ from it; None where git doesn't know."""
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
            for words in (
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no", "--", ".", *WRITTEN_FROM_RESULTS),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")


def versions(distributions: list[str]) -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for name in distributions:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds so far: on the wall, of all cores at work, and of this run's processes that have ended or are its own."""

    wall: float
    busy: float | None
    own: float


def moment() -> Moment:
    """Now. ``busy`` is None where ``/proc/stat`` isn't there."""
    times = os.times()
    return Moment(time.monotonic(), _busy(), sum(times[:4]))


def foreign_share(begin: Moment, end: Moment) -> float | None:
    """The share of the machine's cores that others used between two moments; None where it isn't known."""
    if begin.busy is None or end.busy is None or end.wall <= begin.wall:
        return None
    foreign = (end.busy - begin.busy) - (end.own - begin.own)
    return max(0.0, foreign) / (end.wall - begin.wall) / (os.cpu_count() or 1)


def wait_until_quiet(patience_s: float) -> bool | None:
    """Wait until others leave the machine alone for some seconds: True if they do in time, None if it isn't known."""
    deadline = time.monotonic() + patience_s
    quiet_looks = 0
    while quiet_looks < LOOKS:
        begin = moment()
        time.sleep(LOOK_S)
        share = foreign_share(begin, moment())
        if share is None:
            return None
        quiet_looks = quiet_looks + 1 if share <= QUIET_SHARE else 0
        if time.monotonic() > deadline and quiet_looks < LOOKS:
            return False
    return True


def _busy() -> float | None:
    try:
        numbers = [int(word) for word in STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    except (OSError, ValueError):
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = numbers[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
