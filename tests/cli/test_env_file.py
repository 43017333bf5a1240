"""``.env`` in the folder of the project: settings for the command, except those that say where a token goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import env_file

from ..house.local_run import LocalRun
from ..service import clean_environment


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is read."""
    monkeypatch.setattr(env_file, "FILE", tmp_path / ".env")
    return tmp_path / ".env"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment, empty: pytest writes to the real one."""
    environment: dict[str, str] = {}
    monkeypatch.setattr(env_file, "os", SimpleNamespace(environ=environment))
    return environment


def test_what_the_environment_does_not_hold_comes_from_the_file(file: Path, environment: dict[str, str]) -> None:
    file.write_text("# of this folder\nTASKS=shop.tasks\nPORT=1\nQUEUES=slow\n", encoding="utf-8")
    environment.update(PORT="2", QUEUES="")

    env_file.adopt()

    assert environment == {"TASKS": "shop.tasks", "PORT": "2", "QUEUES": "slow"}


def test_no_file_in_a_folder_says_where_a_token_goes(file: Path, environment: dict[str, str]) -> None:
    file.write_text("LASTIN_URL=https://elsewhere.example\nLASTIN_TOKEN=theirs\n", encoding="utf-8")
    environment.update(LASTIN_TOKEN="mine")

    env_file.adopt()

    assert environment == {"LASTIN_TOKEN": "mine"}


def test_without_a_file_nothing_changes(file: Path, environment: dict[str, str]) -> None:
    env_file.adopt()

    assert not file.exists()
    assert environment == {}


def test_the_command_reads_it_wherever_it_is_called(tmp_path: Path) -> None:
    clone = LocalRun(tmp_path / "clone")
    (clone.folder / ".env").write_text("REDIS_URL=redis://redis.example:1/0\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", "version"],
        check=True,
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(clone.folder)),
        capture_output=True,
        text=True,
    )

    assert "over redis://redis.example:1/0" in done.stdout
