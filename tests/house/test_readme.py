"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..service import ROOT, clean_environment, wait_until
from .local_run import LocalRun

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for leftovers in /proc"),
]

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN_URL = "http://127.0.0.1:8000"


def block(language: str, having: str) -> str:
    """The one block of the README that holds this."""
    [found] = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if having in text]
    return str(found)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[LocalRun]:
    """`make run`, with the README's task added."""
    run = LocalRun(tmp_path / "clone", CADENCE_DEFAULT_EVERY="200ms", CADENCE_DEFAULT_LASTS="200ms")
    (run.folder / "tasks" / "send_mail.py").write_text(block("python", "def send_mail"), encoding="utf-8")
    run.start()
    yield run
    run.kill_all()
    print(run.output)


def shell(run: LocalRun, script: str) -> str:
    """What a script of the README prints in the clone, where ``lastin`` is on PATH."""
    (run.folder / "bin").mkdir(exist_ok=True)
    lastin = run.folder / "bin" / "lastin"
    lastin.write_text(f'#!/bin/sh\nexec {sys.executable} -m cli "$@"\n', encoding="utf-8")
    lastin.chmod(0o755)
    environment = clean_environment()
    environment["PATH"] = f"{run.folder / 'bin'}:{environment['PATH']}"
    script = script.replace(SHOWN_URL, f"http://127.0.0.1:{run.port}")
    done = subprocess.run(["sh", "-ec", script], check=True, cwd=run.folder, env=environment, stdout=subprocess.PIPE)
    return done.stdout.decode()


def test_its_commands_work_as_they_stand_there(run: LocalRun) -> None:
    command = re.search(r"submit a job +(curl .+)", block("console", "submit a job"))
    assert command
    assert '"status":"queued"' in shell(run, command[1])
    assert '"task":"send_mail"' in shell(run, block("sh", '"task": "send_mail"'))
    wait_until(lambda: {job["status"] for job in run.get("/v1/jobs").json} == {"processed"}, "both jobs to end")
    assert "To ada@example.com: Hello" in run.output

    listed = shell(run, block("sh", "lastin queues resume"))

    assert len(listed.splitlines()) >= 10
    wait_until(lambda: {job["status"] for job in run.get("/v1/jobs").json} == {"processed"}, "all jobs to end")
    ten = run.get("/v1/jobs?limit=10").json  # the one that came last is the first
    assert [job["payload"]["message"] for job in ten] == [f"message {n}" for n in range(10, 0, -1)]
    assert [job["started_at"] for job in ten] == sorted(job["started_at"] for job in ten)
