"""What somebody does who has no clone: install the wheel, make a project, run it. Installs everything, so it takes its
time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import free_port

from ..service import call, clean_environment, wait_until
from .wheel import OF_OTHERS, OF_THE_SERVICE, build

pytestmark = [pytest.mark.fresh, pytest.mark.timeout(900)]

IMPORT_ALL = """
import importlib, pkgutil, sys, lastin

def modules(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name.removeprefix("lastin.") not in sys.argv[1].split(",") and "__main__" not in module.name:
            found = importlib.import_module(module.name)
            yield module.name
            if module.ispkg:
                yield from modules(found)

print(*modules(lastin))
"""


class Environment:
    """A virtual environment of its own, in which no other one is active."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)

    def variables(self, **settings: str) -> dict[str, str]:
        environment = clean_environment(**settings)
        environment.pop("VIRTUAL_ENV", None)
        environment.pop("PYTHONPATH", None)
        others = [
            part for part in environment["PATH"].split(os.pathsep) if not (Path(part).parent / "pyvenv.cfg").exists()
        ]
        return environment | {"PATH": os.pathsep.join([str(self.bin), *others])}

    def install(self, what: str) -> None:
        command = [self.bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what]
        subprocess.run(command, check=True, env=self.variables(), timeout=600)

    def run(self, *command: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            check=False,
            cwd=cwd,
            env=self.variables(**settings),
            capture_output=True,
            text=True,
            timeout=100,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_the_broker_alone_can_be_imported_with_its_own_dependencies(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(str(wheel))

    imported = environment.run("python", "-c", IMPORT_ALL, ",".join(OF_THE_SERVICE | OF_OTHERS), cwd=tmp_path)
    refused = environment.run("lastin", "jobs", cwd=tmp_path)
    environment.install(f"{wheel}[opentelemetry]")
    traced = environment.run("python", "-c", "import lastin.telemetry.tracing", cwd=tmp_path)

    assert len(imported.stdout.split()) >= 80, imported.stderr
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "pip install 'lastin[service]'" in refused.stderr
    assert traced.returncode == 0, traced.stderr


class ProjectRun:
    """``lastin run`` in a project, as a terminal would run it."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self._environment = environment
        self.folder = folder
        self.port = free_port()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [environment.bin / "lastin", "run"],
                cwd=folder,
                env=environment.variables(PORT=str(self.port), WORKER_METRICS_PORT="0"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def _log(self) -> Path:
        return self.folder.with_name("output")

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, self.output
            return "LastIn answers on" in self.output

        wait_until(answers, "LastIn to answer")

    def stop(self) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def running(wheel: Path, tmp_path: Path) -> Iterator[tuple[Environment, ProjectRun]]:
    """A new project with modules of the names that our folders have, which runs."""
    environment = Environment(tmp_path / "environment")
    environment.install(f"{wheel}[service]")
    made = environment.run("lastin", "new-project", "my-shop", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "my-shop"
    for name in ("api", "cli", "local", "middleware", "scheduler"):
        (project / f"{name}.py").write_text("raise SystemExit('theirs')", encoding="utf-8")
    (project / "tasks.py").write_text(
        "from lastin.tasks import task\n@task\ndef own():\n    return 'of their tasks.py'\n", encoding="utf-8"
    )
    (project / ".env").write_text("TASKS=my_shop.tasks,tasks\n", encoding="utf-8")
    run = ProjectRun(environment, project)
    yield environment, run
    run.stop()
    print(run.output)


def test_from_the_wheel_to_a_processed_job_of_ones_own_task(running: tuple[Environment, ProjectRun]) -> None:
    environment, run = running
    run.wait_until_ready()

    submitted = environment.run(
        *("lastin", "submit", "--task", "greet", "--payload", '{"name": "Ada"}', "--wait"), cwd=run.folder
    )
    assert submitted.stdout.startswith('"Hello Ada, this is '), submitted.stderr
    posted = call("POST", f"http://127.0.0.1:{run.port}/v1/jobs", {"task": "own", "payload": {}})
    assert posted.status == 201, posted.body
    job = f"http://127.0.0.1:{run.port}/v1/jobs/{posted.json['id']}"
    wait_until(lambda: call("GET", job).json["status"] == "processed", "the job of tasks.py to be processed")
    assert call("GET", job).json["result"] == "of their tasks.py"
    for path in ("/docs", "/dashboard", "/dashboard/guide/LastInRedisAway", "/openapi.json", "/metrics"):
        assert call("GET", f"http://127.0.0.1:{run.port}{path}").status == 200, path

    listed = environment.run("lastin", "jobs", "--json", cwd=run.folder)
    assert {job["status"] for job in json.loads(listed.stdout)} == {"processed"}
    assert run.stop() == 0
    assert "The scheduler runs by cadence.toml." in run.output
    assert "Traceback" not in run.output


def test_its_own_test_passes_without_a_server(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(f"{wheel}[service]")
    environment.install("pytest")
    environment.run("lastin", "new-project", "shop", cwd=tmp_path)

    tested = environment.run("python", "-m", "pytest", cwd=tmp_path / "shop", REDIS_URL="redis://127.0.0.1:1/0")

    assert re.search(r"2 passed", tested.stdout), tested.stdout + tested.stderr
