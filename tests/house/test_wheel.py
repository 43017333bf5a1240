"""The wheel ``lastin``: the broker for any Dramatiq program, under a name that doesn't collide with its folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ..service import ROOT, clean_environment

OF_THE_SERVICE = {"logs", "metrics"}
"""What only the service needs, with dependencies that the wheel doesn't declare."""

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

IMPORTS = """
import importlib, importlib.metadata, pkgutil, re, sys

declared, wanted = set(), ["lastin"]
while wanted:
    name = re.match(r"[\\w.-]+", wanted.pop())[0].lower()
    if name in declared:
        continue
    declared.add(name)
    try:
        wanted += [text for text in importlib.metadata.requires(name) or () if "extra ==" not in text]
    except importlib.metadata.PackageNotFoundError:  # for another version of Python
        pass
    if name == "lastin":
        wanted += ["redis", "hiredis"]  # of dramatiq[redis] and redis[hiredis]

of_package = importlib.metadata.packages_distributions()

class Undeclared:
    def find_spec(self, name, path=None, target=None):
        packages = {found.lower() for found in of_package.get(name.partition(".")[0], [])}
        if packages and not packages & declared:
            raise ModuleNotFoundError(f"{name} belongs to {packages}, which lastin doesn't declare", name=name)

sys.meta_path.insert(0, Undeclared())
import lastin

names = [module.name for module in pkgutil.walk_packages(lastin.__path__, "lastin.") if "__main__" not in module.name]
names.remove("lastin.testing.plugin")  # for pytest, which brings itself
for name in names:
    importlib.import_module(name)
print(2 + len(names))
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
        if file.relative_to(ROOT / "middleware").parts[0] not in OF_THE_SERVICE
    }
    assert {name for name in names if not name.startswith("lastin-")} == expected
    assert not [name for name in names if "entry_points" in name or ".data/scripts" in name]


def test_a_dramatiq_program_runs_jobs_with_the_installed_wheel(wheel: Path, redis_url: str, tmp_path: Path) -> None:
    installed, program = tmp_path / "installed", tmp_path / "program.py"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", installed, wheel)
    program.write_text(PROGRAM, encoding="utf-8")

    printed = run(sys.executable, program, redis_url, PYTHONPATH=str(installed))

    assert printed == "processed 42\n"


def test_every_module_of_the_wheel_can_be_imported_with_what_it_declares(wheel: Path, tmp_path: Path) -> None:
    installed, program = tmp_path / "installed", tmp_path / "program.py"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", installed, wheel)
    program.write_text(IMPORTS, encoding="utf-8")
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if name.endswith(".py")]

    printed = run(sys.executable, program, PYTHONPATH=str(installed))

    assert int(printed) == len(files) > 40
