"""The floors hold, and importing does no I/O."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..service import ROOT, python

FORBID_CONNECTIONS = """
import socket

def refuse(*arguments, **named):
    raise AssertionError(f"an import connects to {arguments}")

socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = refuse
socket.create_connection = socket.getaddrinfo = refuse
"""


@pytest.mark.parametrize(
    "program",
    [
        "import middleware.broker; middleware.broker.LifoBroker(url='redis://127.0.0.1:1/0')",
        "import tasks",
        "import api, api.wsgi; api.create_app(); api.wsgi.application()",
        "import scheduler, scheduler.__main__",
        "import cli.__main__, cli.moving; cli.__main__.lastin.main(['--help'], standalone_mode=False)",
        "import local.__main__",
    ],
)
def test_importing_connects_to_nothing(program: str) -> None:
    done = python("-c", FORBID_CONNECTIONS + program, REDIS_URL="redis://127.0.0.1:1/0")

    assert done.returncode == 0, done.stderr


def test_the_broker_brings_nothing_along_that_only_operators_use() -> None:
    found = "[name for name in sys.modules if name.startswith(('middleware.queues.', 'middleware.statistics'))]"

    done = python("-c", f"import sys, middleware.broker; print({found})")

    assert done.stdout == "['middleware.queues.operated']\n", done.stderr


def test_no_floor_imports_one_above_it() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([linter, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout
    assert "4 kept, 0 broken" in done.stdout


def test_the_middleware_imports_itself_by_relative_imports_only() -> None:
    absolute = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in (ROOT / "middleware").rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip().startswith(("import middleware", "from middleware"))
    ]

    assert not absolute


def test_only_the_settings_and_what_starts_programs_read_the_environment() -> None:
    readers = {
        file.relative_to(ROOT).as_posix()
        for package in ("api", "cli", "local", "middleware", "scheduler", "tasks")
        for file in (ROOT / package).rglob("*.py")
        if "os.environ" in (text := file.read_text(encoding="utf-8")) or "os.getenv" in text
    }

    starters = {"local/env_file.py", "local/embedded.py", "tasks/__main__.py"}  # what they start inherits it
    assert readers <= {"middleware/settings/environment.py", *starters}
