"""The units of ``deploy/systemd/``, looked at by systemd-analyze as if they were installed. No systemd need run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from middleware.settings import Settings

from ..service import ROOT, SETTINGS_NAMES

FOLDER = ROOT / "deploy" / "systemd"
UNITS = (
    "lastin.target",
    "lastin-web.service",
    "lastin-worker@1.service",
    "lastin-scheduler.service",
    "lastin-window@default.service",
    "lastin-window@default.timer",
)
MOST_EXPOSURE = "18"
"""Tenths, of 100. What is open is the network, the machine's folders to read, and /proc."""
SYSTEM_UNITS = Path("/usr/lib/systemd/system")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not SYSTEM_UNITS.is_dir(),
    reason="systemd-analyze isn't installed (Debian: systemd)",
)


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A root folder with systemd's own units, ours, and the program that they start."""
    shutil.copytree(SYSTEM_UNITS, tmp_path / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(FOLDER, tmp_path / "etc/systemd/system")
    python = tmp_path / "opt/lastin/.venv/bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy(shutil.which("true") or "/bin/true", python)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def value(name: str, key: str) -> list[str]:
    """What a file of ours sets."""
    return re.findall(rf"^{key}=(.*)$", text(name), re.MULTILINE)


@needs_systemd
def test_systemd_finds_no_fault_with_them(stage: Path) -> None:
    done = analyze("verify", f"--root={stage}", "--man=no", *UNITS)

    ours = [line for line in done.stderr.splitlines() if "lastin" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
def test_a_unit_with_a_fault_would_be_found(stage: Path) -> None:
    with (stage / "etc/systemd/system/lastin-web.service").open("a", encoding="utf-8") as unit:
        unit.write("[Service]\nKillMode=gently\n")

    assert "Failed to parse kill mode" in analyze("verify", f"--root={stage}", "--man=no", "lastin-web.service").stderr


@needs_systemd
@pytest.mark.parametrize("unit", [name for name in UNITS if name.endswith(".service")])
def test_a_service_exposes_little(stage: Path, unit: str) -> None:
    done = analyze("security", "--offline=yes", f"--root={stage}", f"--threshold={MOST_EXPOSURE}", unit)

    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_a_worker_that_asks_for_a_new_start_gets_it() -> None:
    assert value("lastin-worker@.service", "RestartForceExitStatus") == [str(os.EX_TEMPFAIL)]


def test_a_service_is_killed_only_after_its_jobs_had_their_time() -> None:
    common = "lastin-.service.d/common.conf"

    assert value(common, "KillMode") == ["mixed"]
    assert float(value(common, "TimeoutStopSec")[0]) * 1000 >= Settings().worker_shutdown_ms + 5000


def test_services_see_each_others_processes_and_share_one_folder() -> None:
    common = "lastin-.service.d/common.conf"

    assert value(common, "ProtectProc") == ["invisible"]
    assert value(common, "PrivateUsers") == []  # with it, /proc would hide them (docs/decisions/0029)
    assert value(common, "RuntimeDirectory") == ["lastin"]
    assert "TMPDIR=/run/lastin" in value(common, "Environment")


def test_they_start_what_the_procfile_starts() -> None:
    procfile = re.findall(r"^\w+: exec python (.+)$", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE)
    started = [value(name, "ExecStart")[0] for name in ("lastin-web.service", "lastin-worker@.service")]

    assert [*started, *value("lastin-scheduler.service", "ExecStart")] == [
        f"/opt/lastin/.venv/bin/python {arguments}" for arguments in procfile
    ]


def test_the_settings_of_the_example_exist() -> None:
    named = set(re.findall(r"^(\w+)=", text("lastin.env"), re.MULTILINE))

    assert "REDIS_URL" in named
    assert named <= SETTINGS_NAMES
