"""``lastin web``, ``worker`` and ``scheduler``: the processes of the service. ``lastin run``: all of them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cli.console_script import write

from ..house.local_run import LocalRun
from ..service import RunningService, clean_environment, python

SHOP = """
from tasks import task

@task
def ship() -> str:
    return "shipped"
"""


class Commands(RunningService):
    """The service, started by the command from a folder that has a ``tasks`` and an ``api`` of its own."""

    def _command(self, name: str, environment: Mapping[str, str]) -> list[str]:
        return ["sh", "-c", f"cd '{self.folder}' && exec ./lastin {name}"]


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    for name in ("api.py", "middleware.py", "scheduler.py", "tasks.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    write(tmp_path, Path(sys.executable))
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "shop.py").write_text(SHOP, encoding="utf-8")
    settings = {"TASKS": "shop", "PYTHONPATH": str(tmp_path / "path"), "CADENCE_DEFAULT_EVERY": "200ms"}
    settings |= {"CADENCE_DEFAULT_LASTS": "200ms", "WEB_CONCURRENCY": "1"}
    with Commands(tmp_path, settings=settings) as running:
        yield running


def test_the_processes_of_the_service_run_and_end_as_they_do_by_themselves(commands: Commands) -> None:
    shipped = commands.post("/v1/jobs", {"task": "ship", "payload": {}}).json
    assert commands.wait_for_job(shipped["id"])["result"] == "shipped"

    for name in ("web", "worker", "scheduler"):
        commands.signal(name, signal.SIGTERM)

    assert [commands.wait(name) for name in ("web", "worker", "scheduler")] == [0, 0, 0]
    for name in ("web", "worker", "scheduler"):
        assert "Traceback" not in commands.log(name)


@pytest.mark.parametrize("name", ["scheduler", "web", "worker"])
def test_a_task_that_can_not_be_imported_ends_each_with_2_and_one_line(name: str) -> None:
    done = python("-m", "cli", name, TASKS="no.such", REDIS_URL="redis://127.0.0.1:1/0")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lastin: TASKS names 'no.such', but there is no module 'no'")
    assert done.stderr.count("\n") == 1


def test_what_ends_a_process_unexpectedly_is_shown_with_its_traceback() -> None:
    broken = "import sys, api.__main__ as web; web.main = lambda: open('/no/such'); sys.argv = ['lastin', 'web']"

    done = python("-c", f"{broken}; from cli.__main__ import main; main()")

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "/no/such" in done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[LocalRun]:
    """A clone in which ``lastin run`` is started."""
    clone = LocalRun(tmp_path / "clone", WORKER_METRICS_PORT="0")
    clone.command = ("cli", "run")
    yield clone
    clone.kill_all()
    print(clone.output)


def test_run_starts_all_of_it_as_make_run_does(clone: LocalRun) -> None:
    clone.start()
    clone.wait_until_processed(clone.post_messages(1))

    assert clone.stop() == 0
    assert "Traceback" not in clone.output


def test_where_there_is_no_local_run_that_is_told_in_a_line(tmp_path: Path) -> None:
    clone = LocalRun(tmp_path / "clone")
    shutil.rmtree(clone.folder / "local")  # as in the image

    done = subprocess.run(
        [sys.executable, "-m", "cli", "run"],
        check=False,
        cwd=clone.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lastin: This installation can't run everything at once: start web, worker and")


def test_the_scheduler_has_its_commands_here_too(tmp_path: Path) -> None:
    (tmp_path / "came.csv").write_text("created_at,run_ms\n1,5\n2,5\n", encoding="utf-8")
    (tmp_path / "try.toml").write_text('[queues.default]\nmode = "continuous"\n', encoding="utf-8")
    write(tmp_path, Path(sys.executable))

    def scheduler(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(tmp_path / "lastin"), "scheduler", *words]
        environment = clean_environment(REDIS_URL="redis://127.0.0.1:1/0")
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    tried = scheduler("backtest", "try.toml", "--csv", "came.csv")
    wrong = scheduler("backtest", "--threads", "none")

    assert (tried.returncode, tried.stderr) == (0, "")
    assert "2 arrivals in queue default" in tried.stdout
    assert (wrong.returncode, "lastin scheduler backtest: error: argument --threads" in wrong.stderr) == (2, True)
    assert scheduler("check").stdout.startswith("default: ")
    assert (away := scheduler("open", "--batch", "1")).returncode == 1, away.stderr
    assert "usage: lastin scheduler open" in scheduler("open", "--help").stdout
