"""The wheel ``lastin``: the broker for any Dramatiq program, under a name that doesn't collide with its folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ..service import ROOT, clean_environment

SOURCES = ("middleware", "pyproject.toml", "README.md", "LICENSE")

PROGRAM = """
import sys

import dramatiq
from lastin.broker import LifoBroker

broker = LifoBroker(url=sys.argv[1])
dramatiq.set_broker(broker)

@dramatiq.actor(store_results=True)
def double(number):
    return 2 * number

message = double.send(21)
worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
worker.start()
broker.join("default", timeout=10_000)
worker.stop()
job = broker.store.get(message.message_id)
print(job.status.value, job.result)
broker.close()
"""


def run(*command: str | Path, **settings: str) -> str:
    """Run a command; what it printed."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=100, env=clean_environment(**settings)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of its sources without looking at any index."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    run(
        sys.executable,
        *("-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"),
        "--wheel-dir",
        folder / "dist",
        folder,
    )
    (built,) = (folder / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_the_package_with_its_scripts_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    expected = {
        f"lastin/{file.relative_to(ROOT / 'middleware').as_posix()}"
        for file in (ROOT / "middleware").rglob("*")
        if file.suffix in {".py", ".lua"} or file.name == "py.typed"
    }
    assert {name for name in names if not name.startswith("lastin-")} == expected


def test_a_dramatiq_program_runs_jobs_with_the_installed_wheel(wheel: Path, redis_url: str, tmp_path: Path) -> None:
    installed, program = tmp_path / "installed", tmp_path / "program.py"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", installed, wheel)
    program.write_text(PROGRAM, encoding="utf-8")

    printed = run(sys.executable, program, redis_url, PYTHONPATH=str(installed))

    assert printed == "processed 42\n"
