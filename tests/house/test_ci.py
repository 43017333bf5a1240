"""``.ci/run``: what it can't run is listed, and fails it where that was asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ..service import ROOT

TOOLS = ("bash", "dirname", "mktemp", "tee", "grep")
PROGRAMS = (
    "chromium",
    "id",
    "luacheck",
    "nginx",
    "prometheus",
    "promtool",
    "redis-server",
    "rsyslogd",
    "systemd-analyze",
    "unshare",
    "zsh",
)
MAKE = """#!/bin/sh
echo "make $*" >> "$MADE"
if [ "$1" = audit ] && [ -n "$NO_ADVISORIES" ]; then echo "NOT RUN: the audit" >&2; fi
if [ "$1" = upstream ] && [ -n "$NO_SDIST" ]; then echo "NOT RUN: the tests" >&2; fi
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the script, and a ``bin`` that holds all the programs it finds: none of them does anything."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    for program in ("make", *PROGRAMS):
        (tmp_path / "bin" / program).write_text(MAKE if program == "make" else "#!/bin/sh\n", encoding="utf-8")
        (tmp_path / "bin" / program).chmod(0o755)
    return tmp_path


def ci(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with these programs and this environment alone."""
    return subprocess.run(
        [folder / ".ci" / "run"],
        check=False,
        env={"PATH": str(folder / "bin"), "MADE": str(folder / "made")} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def made(folder: Path) -> list[str]:
    """What it asked make for."""
    return (folder / "made").read_text(encoding="utf-8").splitlines()


def test_where_everything_can_run_nothing_is_listed(folder: Path) -> None:
    done = ci(folder, CI="1")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("What did NOT RUN: 0\n")
    assert {
        "make test",
        "make upstream",
        "make clients",
        "make lint",
        "make soak-short",
        "make chaos",
        "make observe",
        "make fresh",
    } <= set(made(folder))


@pytest.mark.parametrize("environment", [{}, {"CI": "true"}, {"LASTIN_CI_ALL": "0"}], ids=str)
def test_what_can_not_run_is_listed_and_does_not_fail_it(folder: Path, environment: dict[str, str]) -> None:
    (folder / "bin" / "luacheck").unlink()

    done = ci(folder, NO_ADVISORIES="1", NO_SDIST="1", **environment)

    assert done.returncode == 0
    assert "What did NOT RUN: 3\n- what needs luacheck," in done.stdout
    assert "\n- the audit of dependencies" in done.stdout
    assert "\n- Dramatiq's own tests" in done.stdout
    assert made(folder)[-1] == "make fresh"


@pytest.mark.parametrize("environment", [{"CI": "1"}, {"LASTIN_CI_ALL": "1"}], ids=str)
def test_what_can_not_run_fails_it_where_that_was_asked_for(folder: Path, environment: dict[str, str]) -> None:
    done = ci(folder, NO_ADVISORIES="1", **environment)

    assert done.returncode == 1
    assert "What did NOT RUN: 1\n- the audit of dependencies" in done.stdout


def test_a_check_that_fails_ends_it(folder: Path) -> None:
    (folder / "bin" / "make").write_text('#!/bin/sh\n[ "$1" != lint ]\n', encoding="utf-8")

    assert ci(folder).returncode == 1
