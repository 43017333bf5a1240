"""The wheel ``lastin``: the broker for any Dramatiq program, and with its extras the service, in one package."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ..service import ROOT, clean_environment
from .wheel import OF_OTHERS, OF_THE_SERVICE, build, install, run

FLOORS = ("api", "cli", "local", "scheduler", "tasks")
DATA = {".css", ".html", ".js", ".lua", ".md", ".svg", ".toml"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

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
import importlib, importlib.metadata, pkgutil, sys
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

extras, excluded = sys.argv[1], sys.argv[2].split(",")
declared, wanted = {}, [Requirement(f"lastin[{extras}]")]
while wanted:
    asked = wanted.pop()
    known = declared.setdefault(canonicalize_name(asked.name), set())
    new = {"", *asked.extras} - known
    known |= new
    try:
        lines = importlib.metadata.requires(asked.name) or ()
    except importlib.metadata.PackageNotFoundError:  # for another version of Python
        continue
    for found in map(Requirement, lines):
        wanted += [found for extra in new if found.marker is None or found.marker.evaluate({"extra": extra})]

of_package = importlib.metadata.packages_distributions()

class Undeclared:
    def find_spec(self, name, path=None, target=None):
        packages = {canonicalize_name(found) for found in of_package.get(name.partition(".")[0], [])}
        if packages and not packages & declared.keys():
            raise ModuleNotFoundError(f"{name} is of {packages}, which lastin[{extras}] doesn't declare", name=name)

for name in [name for name in sys.modules if name.partition(".")[0] == "packaging"]:
    del sys.modules[name]
sys.meta_path.insert(0, Undeclared())
import lastin

def modules(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name.removeprefix("lastin.") not in excluded and "__main__" not in module.name:
            found = importlib.import_module(module.name)
            yield module.name
            if module.ispkg:
                yield from modules(found)

print(*modules(lastin))
"""

THEIRS = """
import api, cli, local, middleware, scheduler, tasks

assert {module.WHOSE for module in (api, cli, local, middleware, scheduler, tasks)} == {"theirs"}
import lastin.api.wsgi, lastin.local.task_check, lastin.scheduler.service, lastin.cli.root
from lastin.tasks import registry, task

assert registry["ours"].actor.fn() == "theirs"
assert lastin.api.tasks is lastin.tasks
assert {name for name in sys.modules if name.partition(".")[0] in THEIRS} == set(THEIRS)
"""


SHOP = """
from marshmallow import fields
from lastin.tasks import task

@task(name=fields.String(required=True), min_backoff=1_000)
def greet(name):
    greeted.append(name)
    if len(greeted) == 1:
        raise ConnectionError("once")

greeted = []
"""

TEST_OF_SHOP = """
import lastin.tasks
from shop import greet, greeted

def test_it_is_tried_again(stub_broker):
    greet.send(name="Ada")
    stub_broker.assert_sent(greet, name="Ada", times=1)
    stub_broker.run_until_done()
    assert greeted == ["Ada", "Ada"]
    assert stub_broker.jobs(greet)[0].attempts == 2

def test_it_has_its_own_broker_back():
    assert greet.broker is lastin.tasks.broker
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("installed"))


def test_the_wheel_is_one_package_that_holds_every_module_with_what_it_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("lastin-")}

    expected = {"lastin/docs/runbook.md", "lastin/py.typed"}
    for floor in ("middleware", *FLOORS):
        package = "lastin" if floor == "middleware" else f"lastin/{floor}"
        for file in (ROOT / floor).rglob("*"):
            if file.suffix in {".py", *DATA} or file.parent.name in {"vendor", "project"}:
                expected.add(f"{package}/{file.relative_to(ROOT / floor).as_posix()}")
    assert names == {name for name in expected if "__pycache__" not in name}


def test_a_dramatiq_program_runs_jobs_with_the_installed_wheel(installed: Path, redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")

    printed = run(sys.executable, tmp_path / "program.py", redis_url, PYTHONPATH=str(installed))

    assert printed == "processed 42\n"


def test_authors_of_tasks_test_them_with_the_fixtures_of_the_wheel_and_without_redis(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["lastin.testing.plugin"]\n', encoding="utf-8")
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(TEST_OF_SHOP, encoding="utf-8")

    printed = run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:valkey", tmp_path),
        cwd=tmp_path,
        PYTHONPATH=str(installed),
        TASKS="shop",
        REDIS_URL="redis://127.0.0.1:1/0",
    )

    assert "2 passed" in printed


@pytest.mark.parametrize(
    ("extras", "excluded", "at_least"),
    [
        ("", OF_THE_SERVICE, 80),
        ("logs", OF_THE_SERVICE - {"logs"}, 88),
        ("metrics", OF_THE_SERVICE - {"logs", "metrics"}, 96),
        ("service", set(), 200),
    ],
    ids=["broker", "logs", "metrics", "service"],
)
def test_every_module_can_be_imported_with_what_is_declared_for_it(
    installed: Path, tmp_path: Path, extras: str, excluded: set[str], at_least: int
) -> None:
    (tmp_path / "program.py").write_text(IMPORTS, encoding="utf-8")

    words = (tmp_path / "program.py", extras, ",".join(excluded | OF_OTHERS))
    printed = run(sys.executable, *words, cwd=tmp_path, PYTHONPATH=str(installed))

    assert len(printed.split()) >= at_least


def test_the_service_declares_what_the_repository_installs() -> None:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = {_requirement(line) for line in lines if not line.startswith("#")}
    extras = PROJECT["optional-dependencies"]
    declared = {
        _requirement(line)
        for line in (*PROJECT["dependencies"], *extras["logs"], *extras["metrics"], *extras["service"])
        if not line.startswith("lastin[")
    }

    assert {name for name, _ in wanted} == {name for name, _ in declared}
    assert wanted - declared == {("dramatiq", "dramatiq[prometheus,redis]==2.2.*")}  # each part has its extra


def _requirement(line: str) -> tuple[str, str]:
    """Its name, and all of it in one spelling."""
    found = re.match(r"[A-Za-z0-9-]+", line)
    assert found
    return found[0], re.sub(r"\s", "", line.replace('"', "'"))


def test_folders_of_the_same_names_stay_those_of_their_program(installed: Path, tmp_path: Path) -> None:
    theirs = ("api", "cli", "local", "middleware", "scheduler", "tasks")
    for name in theirs:
        text = "WHOSE = 'theirs'\n"
        if name == "tasks":
            text += "from lastin.tasks import task\n@task\ndef ours():\n    import api\n    return api.WHOSE\n"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "program.py").write_text(f"import sys\nTHEIRS = {theirs}\n{THEIRS}", encoding="utf-8")

    run(sys.executable, tmp_path / "program.py", cwd=tmp_path, PYTHONPATH=str(installed), TASKS="tasks")


def test_the_command_says_what_it_needs_where_the_broker_was_installed_alone(installed: Path, tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['click'] = None; from lastin.cli.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", hidden],
        check=False,
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(installed)),
        capture_output=True,
        text=True,
    )

    assert PROJECT["scripts"] == {"lastin": "lastin.cli.__main__:main"}
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lastin: This command needs click: pip install 'lastin[service]' brings it along.\n"
