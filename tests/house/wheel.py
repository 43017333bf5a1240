"""Building the wheel ``lastin``, and running what was installed from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ..service import ROOT, clean_environment

SOURCES = (
    *("api", "cli", "docs", "local", "middleware", "scheduler", "tasks"),
    *("pyproject.toml", "README.md", "LICENSE"),
)
OF_THE_SERVICE = {"api", "cli", "local", "scheduler", "tasks", "logs", "metrics"}
"""Packages in ``lastin`` with dependencies that the broker alone doesn't have."""

OF_OTHERS = {"api.wire.spans", "telemetry.tracing", "testing.plugin"}
"""Modules for OpenTelemetry, which is an extra, and for pytest, which brings itself."""


def run(*command: str | Path, cwd: Path | None = None, **settings: str) -> str:
    """Run a command, 100 s at most; what it printed."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=100, cwd=cwd, env=clean_environment(**settings)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> Path:
    """The wheel, built in ``folder`` from a copy of its sources without looking at any index."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    run(
        sys.executable,
        *("-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", folder / "dist"),
        folder,
    )
    (built,) = (folder / "dist").glob("*.whl")
    return built


def install(wheel: Path, folder: Path) -> Path:
    """The wheel without its dependencies, in a folder to be put on PYTHONPATH."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", folder, wheel)
    return folder
