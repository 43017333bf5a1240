"""``make upstream``: Dramatiq's own tests, of the version that is installed, against ``LifoBroker``.

They come from its sdist, which pip downloads; nothing of it is kept in the repository. Exit status: 0 all passed, or
they couldn't be had, which is said; 1 otherwise.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BESIDE = Path(__file__).with_name("beside")
FOLDER = ROOT / ".upstream"

FILES = (
    *("actors", "broker", "callbacks", "cli", "composition", "encoders", "generic_actors", "messages", "redis"),
    *("results", "stub_broker", "watch", "worker"),
)
"""Those about brokers, workers, and what works through them. The others are about RabbitMQ, rate limiters, PID files,
Prometheus's folder, names of queues and type hints, in which no broker of ours has a part."""

TIMEOUT_S = 120


def main(arguments: list[str]) -> int:
    """Run them; ``arguments`` go to pytest."""
    tests = unpacked(version("dramatiq"))
    if tests is None:
        return 0
    chosen = arguments or [f"tests/test_{name}.py" for name in FILES]
    status = _pytest(tests, *chosen, is_all=not arguments)
    if status != pytest.ExitCode.TESTS_FAILED:
        return min(status, 1)
    # Some of them bound how long something may take, which a busy machine exceeds.
    print("Those that failed are run again, alone.", file=sys.stderr)
    return min(_pytest(tests, "--last-failed", *chosen), 1)


def _pytest(tests: Path, *arguments: str, is_all: bool = False) -> int:
    """Run pytest in their folder; its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pytest.ini", "--rootdir", ".", *arguments],
        check=False,
        cwd=tests.parent,
        env=os.environ
        | {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),  # it starts itself anew
            "PYTHONPATH": os.pathsep.join(map(str, (tests.parent, ROOT))),
            "LASTIN_UPSTREAM_ALL": "1" * is_all,
        },
    )
    return done.returncode


def unpacked(number: str) -> Path | None:
    """The folder of the tests, with our fixtures beside them; None, and a line, if they can't be had."""
    tests = FOLDER / f"dramatiq-{number}" / "tests"
    if not tests.exists() and not download(number):
        return None
    for name, source in {
        "conftest.py": "fixtures.py",
        "common.py": "common.py",
        "left_out.py": "left_out.py",
        "../sitecustomize.py": "stand_in.py",
    }.items():
        shutil.copy(BESIDE / source, tests / name)
    (tests / "__init__.py").touch()
    (tests.parent / "pytest.ini").write_text(f"[pytest]\ntimeout = {TIMEOUT_S}\naddopts = -q -ra\n", encoding="utf-8")
    return tests


def download(number: str) -> bool:
    """Fetch the sdist and take its tests out of it."""
    FOLDER.mkdir(exist_ok=True)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    fetched = subprocess.run(
        [*pip, "--no-deps", "--no-binary", "dramatiq", "--dest", FOLDER, f"dramatiq=={number}"],
        check=False,
        capture_output=True,
        text=True,
    )
    archive = FOLDER / f"dramatiq-{number}.tar.gz"
    if fetched.returncode or not archive.exists():
        why = (re.findall(r"^ERROR: (.+)$", fetched.stderr, re.MULTILINE) or ["pip has none"])[-1].rstrip(".")
        print(f"NOT RUN: Dramatiq's own tests, since its sdist can't be had ({why}).", file=sys.stderr)
        return False
    with tarfile.open(archive) as sdist:
        wanted = [member for member in sdist.getmembers() if re.fullmatch(r"[^/]+/tests/[\w/.]+", member.name)]
        sdist.extractall(FOLDER, members=wanted, filter="data")
    return True


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
