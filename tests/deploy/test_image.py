"""The image of the Dockerfile, run without an engine: its tree read-only, its user without rights, its commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from local.embedded import EmbeddedServer, free_port

from ..service import ROOT, call, clean_environment, wait_until
from .container import Container, environment_of, stages_of, works_here

BUILD, FINAL = stages_of(ROOT / "Dockerfile")
VENV = Path(sys.prefix)

pytestmark = pytest.mark.skipif(not works_here(), reason="needs root on Linux, and unshare, to make a container")


def copied() -> dict[str, Path]:
    """What COPY brings from this clone, at the place where the image has it."""
    found = {}
    for text in BUILD.all("COPY"):
        source, target = text.split()
        name = source if target == "./" else target
        found[f"/opt/lastin/{name.removeprefix('./')}"] = ROOT / source
    return found


def check_image(folder: Path, mounts: dict[str, Path], server: EmbeddedServer) -> None:
    """Start all three commands of an image, run a job, ask for the health that it tells, and end them."""
    port, metrics = str(free_port()), str(free_port())
    own = {"REDIS_URL": server.url, "PORT": port, "WORKER_METRICS_PORT": metrics, "AUTH": "off"}
    environment = environment_of(FINAL) | own
    base = f"http://127.0.0.1:{port}"
    commands = {"web": json.loads(FINAL.all("CMD")[0])}
    commands |= {name: ["python", "-m", module] for name, module in (("worker", "tasks"), ("scheduler", "scheduler"))}

    with ExitStack() as ending:
        running = {
            name: ending.enter_context(Container(folder, mounts, command, **environment))
            for name, command in commands.items()
        }
        wait_until(lambda: _status(f"{base}/readyz") == 200, "web to accept jobs")
        job = call("POST", f"{base}/v1/jobs", {"message": "hello"}).json["id"]
        wait_until(lambda: call("GET", f"{base}/v1/jobs/{job}").json["status"] == "processed", "the job to run", 30)
        wait_until(lambda: _status(f"http://127.0.0.1:{metrics}/metrics") == 200, "the worker's metrics")
        health = running["web"].exec(*_health_check())
        # As the script `lastin` does, whose paths are those of the environment that it was built in.
        listed = running["web"].exec("env", "PYTHONPATH=/opt/lastin", "python", "-P", "-m", "cli", "jobs", "--json")
        statuses = {name: container.stop() for name, container in running.items()}

    assert (health.returncode, health.stderr) == (0, b"")
    assert [shown["id"] for shown in json.loads(listed.stdout)] == [job], listed.stderr
    assert statuses == {"web": 0, "worker": 0, "scheduler": 0}
    assert not re.search("Read-only|Permission|Traceback", "".join(each.output for each in running.values()))


def test_its_commands_work_without_rights_on_a_read_only_tree(tmp_path: Path, own_server: EmbeddedServer) -> None:
    check_image(tmp_path, copied() | {"/opt/lastin/.venv": VENV}, own_server)


def test_its_health_check_fails_when_nobody_answers(tmp_path: Path) -> None:
    environment = environment_of(FINAL) | {"PORT": str(free_port())}
    with Container(tmp_path, {"/opt/lastin/.venv": VENV}, ["sleep", "60"], **environment) as container:
        wait_until(lambda: container.exec("python", "-c", "").returncode == 0, "the container")

        assert container.exec(*_health_check()).returncode == 1


def test_nothing_but_tmp_can_be_written(tmp_path: Path) -> None:
    with Container(tmp_path, {"/opt/lastin/.venv": VENV}, ["sleep", "60"], **environment_of(FINAL)) as container:
        wait_until(lambda: container.exec("python", "-c", "").returncode == 0, "the container")

        written = {folder: container.exec("touch", f"{folder}/x").returncode for folder in ("/opt/lastin", "/", "/tmp")}
    assert written == {"/opt/lastin": 1, "/": 1, "/tmp": 0}


def test_the_build_sends_only_what_the_image_needs() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    sent = {line[1:].rstrip("/") for line in ignored if line.startswith("!")}

    assert ignored[0] == "*"
    assert sent == {source.name for source in copied().values()}


@pytest.mark.fresh
@pytest.mark.timeout(900)
def test_its_build_steps_make_such_a_tree(tmp_path: Path, own_server: EmbeddedServer) -> None:
    tree = tmp_path / "opt" / "lastin"
    tree.mkdir(parents=True)
    for name, text in BUILD.instructions:
        if name == "COPY":
            source, target = text.split()
            _copy(ROOT / source, tree / (source if target == "./" else target))
        elif name == "RUN":
            python = f"PATH={sys.base_prefix}/bin:$PATH; "
            subprocess.run(["sh", "-euc", python + text], cwd=tree, env=clean_environment(), check=True)

    assert {file.name for file in tree.iterdir()} == {Path(name).name for name in copied()} | {".venv"}
    told = subprocess.run([tree / ".venv" / "bin" / "lastin", "version"], check=True, capture_output=True, text=True)
    assert told.stdout.startswith("LastIn ")
    check_image(tmp_path, {"/opt/lastin": tree}, own_server)


def _copy(source: Path, target: Path) -> None:
    copy: Callable[[Path, Path], object] = shutil.copytree if source.is_dir() else shutil.copy
    copy(source, target)


def _health_check() -> list[str]:
    command: list[str] = json.loads(FINAL.all("HEALTHCHECK")[0].partition("CMD ")[2])
    return command


def _status(url: str) -> int:
    with suppress(OSError, redis.RedisError):
        return call("GET", url).status
    return 0
