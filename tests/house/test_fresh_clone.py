"""What a newcomer does: clone, ``make run``, post jobs. Installs everything anew, so it takes its time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import free_port

from ..service import ROOT, call, clean_environment, wait_until

TOLD_BY_TASKS = (
    "tests/api tests/cli tests/tasks tests/house/test_docs.py tests/house/test_generated.py "
    "tests/house/test_imports.py tests/house/test_readme.py tests/middleware/settings"
)
"""The tests that a task can make fail."""

pytestmark = [pytest.mark.fresh, pytest.mark.timeout(900)]


@pytest.fixture
def fresh_clone(tmp_path: Path) -> Path:
    """The files under version control, as they are in the work tree, and nothing else."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    """As in a new shell: no virtual environment is active."""
    environment = clean_environment()
    inactive = [
        part for part in environment["PATH"].split(os.pathsep) if not (Path(part).parent / "pyvenv.cfg").exists()
    ]
    environment.pop("VIRTUAL_ENV", None)
    environment.pop("MAKEFLAGS", None)
    environment.pop("MAKELEVEL", None)
    return environment | {"PATH": os.pathsep.join(inactive), "PORT": str(free_port())}


@pytest.fixture
def make_run(fresh_clone: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """``make run`` in a terminal's foreground, from a clone in which nothing was installed yet."""
    with (fresh_clone / "output").open("wb") as output:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=fresh_clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    print((fresh_clone / "output").read_text(encoding="utf-8", errors="replace"))


def test_from_a_clone_to_ten_processed_jobs_with_one_command(
    fresh_clone: Path, environment: dict[str, str], make_run: subprocess.Popen[bytes]
) -> None:
    api = f"http://127.0.0.1:{environment['PORT']}"

    def is_ready() -> bool:
        assert make_run.poll() is None, (fresh_clone / "output").read_text()
        try:
            return call("GET", f"{api}/readyz").status == 200
        except OSError:
            return False

    wait_until(is_ready, "jobs to be accepted", patience_s=600)
    posted = [call("POST", f"{api}/v1/jobs", {"message": f"message {number}"}).json["id"] for number in range(10)]

    def all_processed() -> bool:
        return {job["status"] for job in call("GET", f"{api}/v1/jobs").json} == {"processed"}

    wait_until(all_processed, "ten jobs to be processed")
    assert [job["id"] for job in call("GET", f"{api}/v1/jobs").json] == posted[::-1]

    lastin = [fresh_clone / ".venv" / "bin" / "lastin", "jobs", "--json"]
    listed = subprocess.run(lastin, cwd="/", env=environment, check=True, capture_output=True).stdout
    assert [job["id"] for job in json.loads(listed)] == posted[::-1]

    os.killpg(make_run.pid, signal.SIGINT)
    make_run.wait(30)

    output = (fresh_clone / "output").read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in output
    assert "***" not in output  # what make prints about a failure
    assert subprocess.run(["make", "help"], cwd=fresh_clone, env=environment, check=True, capture_output=True).stdout


def test_the_readmes_task_passes_what_the_project_asks_of_its_own(
    fresh_clone: Path, environment: dict[str, str]
) -> None:
    readme = (fresh_clone / "README.md").read_text(encoding="utf-8")
    [task] = [text for text in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "def send_mail" in text]
    (fresh_clone / "tasks" / "send_mail.py").write_text(task, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=fresh_clone, check=True)
    subprocess.run(["git", "add", "--all"], cwd=fresh_clone, check=True)

    for target in ("lint", "test"):
        command = ["make", target, f"PYTEST_ARGS={TOLD_BY_TASKS}"]
        done = subprocess.run(command, check=False, cwd=fresh_clone, env=environment, capture_output=True, text=True)
        told = [
            line for line in done.stdout.splitlines() if line.startswith(("E  ", "FAILED", "ERROR")) or "error:" in line
        ]
        assert done.returncode == 0, "\n".join([f"make {target}:", *told, *done.stderr.splitlines()[-1:]])
