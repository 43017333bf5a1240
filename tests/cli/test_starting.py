"""How the command starts: the script, from whatever folder; what it imports; what shells complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.console_script import write
from local.embedded import EmbeddedServer
from middleware import VERSION

from ..service import ROOT, clean_environment, python
from .running import run, submitted

FILES = (ROOT / "cli" / "commands").glob("[!_]*.py")
SUBCOMMANDS = sorted(file.stem.replace("_", "-") for file in FILES)
PROMISED = {
    *("audit", "check", "completion", "jobs", "new-project", "open", "queues", "recurring", "run", "scheduler"),
    *("stats", "submit", "tail", "tasks", "version", "web", "why", "windows", "worker", "workers"),
}

IMPORTED = """
import sys
from cli.root import lastin
try:
    lastin.main({words!r}, prog_name="lastin")
finally:
    print("IMPORTED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def imported(*words: str, **settings: str) -> set[str]:
    """The packages that a command imports."""
    done = python("-c", IMPORTED.format(words=list(words)), **settings)
    return set(done.stdout.rpartition("IMPORTED ")[2].split())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script as make writes it, in a folder with spaces and quotes."""
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    return write(folder, Path(sys.executable))


def test_the_script_runs_from_everywhere(script: Path, tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").write_text("raise SystemExit('the wrong cli')")

    done = subprocess.run(
        [script, "version"], cwd=tmp_path, env=clean_environment(), check=False, capture_output=True, text=True
    )

    assert done.stdout.startswith(f"LastIn {VERSION}, "), done.stderr


def test_every_subcommand_is_listed_and_has_help() -> None:
    listed = run("--help").stdout

    names = [line.split()[0] for line in listed.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()]
    assert names == SUBCOMMANDS
    assert set(names) >= PROMISED
    for name in SUBCOMMANDS:
        helped = run(name, "--help")
        assert helped.exit_code == 0
        assert helped.stdout.startswith(f"Usage: lastin {name}")


def test_help_needs_neither_redis_nor_dramatiq_nor_flask() -> None:
    for words in (["--help"], ["jobs", "list", "--help"], ["completion", "bash"], ["submit"]):
        assert imported(*words) & {"redis", "dramatiq", "flask", "marshmallow", "tasks", "api"} == set()


def test_over_redis_nothing_of_the_api_is_imported(redis_url: str) -> None:
    for words in (["jobs"], ["queues"], ["submit", "x"], ["stats"], ["workers"]):
        found = imported(*words, REDIS_URL=redis_url)
        assert "tasks" in found
        assert found & {"flask", "apispec", "api"} == set()


def test_over_http_neither_redis_nor_the_tasks_are_imported(remote: str) -> None:
    for words in (["jobs"], ["queues"], ["submit", "x"], ["tasks"]):
        assert imported(*words, LASTIN_URL=remote) & {"redis", "flask", "marshmallow", "tasks"} == set()


def test_a_task_that_cannot_be_imported_is_told_in_a_line(tmp_path: Path) -> None:
    program = "import sys; sys.modules['tasks.process_message'] = None; from cli.__main__ import main; main()"

    done = python("-c", program, "jobs")

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_are_what_the_shell_can_read(shell: str) -> None:
    printed = run("completion", shell).stdout

    assert "_LASTIN_COMPLETE" in printed
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} isn't installed")
    checked = subprocess.run([program, "-n"], input=printed, check=False, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


COMPLETE = """
eval "$(lastin completion bash)"
COMP_WORDS=(lastin {words}) COMP_CWORD={position}
_lastin_completion lastin
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(script: Path, words: str, **settings: str) -> list[str]:
    """What bash offers after these words; the last one is being typed."""
    position = len(words.split(" "))
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE.format(words=words, position=position)],
        env=clean_environment(PATH=f"{script.parent}:{os.environ['PATH']}", **settings),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash isn't installed")
def test_bash_completes_commands_options_and_names(script: Path, redis_url: str) -> None:
    submitted("x")

    assert completed(script, "w") == ["web", "why", "windows", "worker", "workers"]
    assert completed(script, "jobs c") == ["cancel"]
    assert completed(script, "jobs list --sta") == ["--status"]
    assert completed(script, "jobs list --status r") == ["running", "rejected"]
    assert completed(script, "queues show de", REDIS_URL=redis_url) == ["default"]
    assert completed(script, "submit --task pro", REDIS_URL=redis_url) == ["process_message"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh isn't installed")
def test_zsh_completes_commands(script: Path) -> None:
    program = (
        'autoload -U compinit; compinit -D; eval "$(lastin completion zsh)"; print $_comps[lastin]; '
        "COMP_WORDS='lastin jobs c' COMP_CWORD=2 _LASTIN_COMPLETE=zsh_complete lastin"
    )

    done = subprocess.run(
        ["zsh", "-f", "-c", program],
        env=clean_environment(PATH=f"{script.parent}:{os.environ['PATH']}"),
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.stdout.splitlines()[:3] == ["_lastin_completion", "plain", "cancel"], done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash isn't installed")
def test_where_the_service_is_away_nothing_is_completed(script: Path, own_server: EmbeddedServer) -> None:
    own_server.stop()

    assert completed(script, "queues show de", REDIS_URL=own_server.url) == []
