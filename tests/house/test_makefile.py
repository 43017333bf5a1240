"""The commands of the Makefile."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..service import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMANDS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def make(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing but a PATH in the environment."""
    return subprocess.run(
        ["make", *arguments],
        check=False,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_command_make_lists_all_of_them() -> None:
    listed = make()

    assert listed.returncode == 0
    assert {line.split()[1] for line in listed.stdout.splitlines()} == COMMANDS
    assert {"run", "test", "lint", "help"} <= COMMANDS


def test_no_command_is_mistaken_for_a_file() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)

    assert set(phony.split()) == COMMANDS


def test_without_a_python_that_is_new_enough_make_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    (tmp_path / "requirements.txt").touch()
    for tool in ("make", "sh", "touch", "rm"):
        (tmp_path / tool).symlink_to(next(p for p in (Path("/usr/bin") / tool, Path("/bin") / tool) if p.exists()))

    refused = make("run", folder=tmp_path, PATH=str(tmp_path))

    assert refused.returncode == 2
    assert "LastIn needs Python 3.11 or newer" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_audit_that_can_not_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "created").touch()

    audit = make("audit", f"VENV={tmp_path}", "ADVISORIES=http://127.0.0.1:1/")

    assert audit.returncode == 0
    assert audit.stderr.startswith("NOT RUN: the audit, since PyPI's advisories (http://127.0.0.1:1/) can't be reached")
    assert not audit.stdout


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "requirements-dev.txt", "benchmarks/requirements.txt", "tests/clients/requirements.txt"],
)
def test_requirements_are_exact_and_name_no_place_to_get_them_from(name: str) -> None:
    lines = [
        line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    ]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+(\[[a-z,]+\])?==[0-9a-z.]+( ; .+)?", line)] == []


def test_production_and_development_install_the_same_versions() -> None:
    pins = {
        name: set(re.findall(r"^([a-z].+?==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    }

    assert pins["requirements.txt"] < pins["requirements-dev.txt"]


def test_the_benchmarks_install_what_production_installs() -> None:
    pins = {
        name: dict(re.findall(r"^([a-z][^=]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "benchmarks/requirements.txt")
    }

    shared = pins["requirements.txt"].keys() & pins["benchmarks/requirements.txt"].keys()
    assert {"redis", "click"} <= shared
    assert {n: pins["benchmarks/requirements.txt"][n] for n in shared} == {
        n: pins["requirements.txt"][n] for n in shared
    }
