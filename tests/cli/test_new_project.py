"""``lastin new-project``: what is made, and what is refused. That it runs is tested with the wheel (``make fresh``)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.commands.new_project import FILES
from middleware import VERSION
from scheduler.cadence_file import read_cadence
from tasks import registry

from .running import run, told


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is called."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_has_a_task_its_test_and_all_that_runs_it(folder: Path) -> None:
    said = told("new-project", "my-shop")

    made = folder / "my-shop"
    files = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert files == {name.format(package="my_shop") for name in FILES}
    assert "cd my-shop\n  lastin run" in said
    assert (made / "Procfile").read_text(encoding="utf-8") == (
        "web: lastin web\nworker: lastin worker\nscheduler: lastin scheduler\n"
    )
    assert "\nTASKS=my_shop.tasks\n" in (made / ".env").read_text(encoding="utf-8")
    assert f"lastin[service]~={VERSION}\n" == (made / "requirements.txt").read_text(encoding="utf-8")
    for path in made.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), path, "exec")
    assert not [name for name in files if "$" in (made / name).read_text(encoding="utf-8")]


def test_its_cadence_file_can_be_read_with_and_without_what_is_commented_out(folder: Path) -> None:
    told("new-project", "shop")
    file = folder / "shop" / "cadence.toml"
    text = file.read_text(encoding="utf-8")

    as_it_is = read_cadence(file, {"default"}, {})
    all_of_it = re.sub(r"^# (?=[a-z\[]+ ?[=.a-z]*.* ?#|[a-z]+ = )", "", text, flags=re.MULTILINE)
    file.write_text(all_of_it.replace('mode = "continuous"', "").replace('"greet"', '"process_message"'), "utf-8")
    file.write_text(file.read_text("utf-8").replace('name = "everybody"', 'message = "everybody"'), "utf-8")
    with_more = read_cadence(file, {"default"}, {}, registry)

    assert as_it_is.queues["default"].mode == "continuous"
    assert with_more.queues["default"].mode == "windows"
    assert set(with_more.jobs) == {"morning"}


@pytest.mark.parametrize("name", ["1shop", "my shop", "../shop", "", "class", "shöp"])
def test_a_name_that_can_be_no_package_is_refused(folder: Path, name: str) -> None:
    refused = run("new-project", "--", name)

    assert refused.exit_code == 2
    assert f"NAME must be letters, digits, - and _, and begin with a letter, but is {name!r}." in refused.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["json", "tests", "flask", "middleware", "tasks"])
def test_a_name_that_means_another_module_is_refused(folder: Path, name: str) -> None:
    refused = run("new-project", name)

    assert refused.exit_code == 2
    assert f"There is a module {name} already" in refused.stderr
    assert not list(folder.iterdir())


def test_what_is_there_stays_as_it_is(folder: Path) -> None:
    (folder / "shop").mkdir()

    refused = run("new-project", "shop")

    assert refused.exit_code == 2
    assert "shop is there already" in refused.stderr
    assert not list((folder / "shop").iterdir())


def test_a_folder_that_can_not_be_made_is_told_in_a_line(folder: Path) -> None:
    refused = run("new-project", "a" * 300)

    assert refused.exit_code == 1
    assert refused.stderr == f"lastin: {'a' * 300} can't be made: File name too long.\n"
