"""TASKS: tasks in modules and packages of one's own."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

from ..service import python

MAIL = """
    from tasks import task

    @task
    def send_letter() -> None:
        import no_such_library  # a worker needs it, whoever knows the task doesn't
"""


def import_tasks(folder: Path, named: str, files: dict[str, str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Import ``tasks`` with these files on Python's path and these modules named in TASKS; it prints the tasks."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    program = "import tasks; print(*tasks.registry, *sorted(tasks.broker.get_declared_queues()))"
    return python("-c", program, TASKS=named, PYTHONPATH=str(folder), **settings)


def test_modules_and_packages_are_imported_and_the_default_task_is_there_too(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/tasks.py": MAIL,
        "billing/__init__.py": "",
        "billing/__main__.py": "1 / 0",
        "billing/invoices.py": "from tasks import task\n@task(queue_name='slow')\ndef make_invoice(): ...",
        "billing/letters/__init__.py": "from tasks import task\n@task\ndef make_letter(): ...",
    }

    done = import_tasks(tmp_path, "shop.tasks, billing", files)

    assert done.stdout.split() == ["process_message", "send_letter", "make_invoice", "make_letter", "default", "slow"]


def test_what_a_task_imports_in_its_function_is_not_needed_to_know_the_task(tmp_path: Path) -> None:
    done = import_tasks(tmp_path, "shop", {"shop.py": MAIL})

    assert done.stdout.split() == ["process_message", "send_letter", "default"], done.stderr


def test_a_default_task_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    own = """
        from marshmallow import fields
        from tasks import task

        @task(message=fields.String(required=True), queue_name="own")
        def process_message(message): ...
    """

    done = import_tasks(tmp_path, "shop", {"shop.py": own})

    assert done.stdout.split() == ["process_message", "default", "own"], done.stderr


def test_a_module_that_imports_tasks_first_declares_its_tasks_once(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(textwrap.dedent(MAIL), encoding="utf-8")

    done = python("-c", "import shop, tasks; print(*tasks.registry)", TASKS="shop", PYTHONPATH=str(tmp_path))

    assert done.stdout.split() == ["process_message", "send_letter"], done.stderr


@pytest.mark.parametrize(
    ("named", "missing"), [("shop.jobs", "shop.jobs"), ("stock.tasks", "stock"), ("shop.tasks.mail", "shop.tasks.mail")]
)
def test_a_module_that_is_not_there_ends_the_program_with_one_line_that_names_the_setting(
    tmp_path: Path, named: str, missing: str
) -> None:
    done = import_tasks(tmp_path, named, {"shop/__init__.py": "", "shop/tasks.py": MAIL})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"lastin: TASKS names {named!r}, but there is no module {missing!r}: neither in ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("files", "at", "reason"),
    [
        (
            {"shop/tasks.py": "\nimport no_such_library"},
            "shop/tasks.py, line 2",
            "ModuleNotFoundError: No module named",
        ),
        ({"shop/tasks.py": "\n\ndef broken(:"}, "shop/tasks.py, line 3", "SyntaxError: "),
        ({"shop/__init__.py": "1 / 0", "shop/tasks.py": ""}, "shop/__init__.py, line 1", "ZeroDivisionError: division"),
        (
            {"shop/tasks.py": "import shop.rates", "shop/rates.py": "\n\n\nRATES = {}['euro']"},
            "shop/rates.py, line 4",
            "KeyError: 'euro'",
        ),
        (
            {"shop/tasks.py": "from tasks import task\n@task\ndef extra(x): ..."},
            "shop/tasks.py, line 2",
            "TaskError: Task 'extra' (shop.tasks.extra): the argument 'x' has neither a field nor a default",
        ),
    ],
    ids=["library", "syntax", "package", "beside", "declaration"],
)
def test_a_module_that_can_not_be_imported_ends_the_program_with_one_line_that_says_where_and_why(
    tmp_path: Path, files: dict[str, str], at: str, reason: str
) -> None:
    done = import_tasks(tmp_path, "shop.tasks", {"shop/__init__.py": ""} | files)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"lastin: {tmp_path}/{at}: {reason}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("program", ["api", "scheduler", "tasks"])
def test_each_program_ends_with_2_and_that_line(program: str) -> None:
    done = python("-m", program, TASKS="no.such", REDIS_URL="redis://127.0.0.1:1/0")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lastin: TASKS names 'no.such', but there is no module 'no': neither in ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["shop tasks", "shop/tasks.py", ".tasks", "shop..tasks", ","])
def test_what_can_not_be_a_module_is_refused_as_every_setting_is(text: str) -> None:
    done = python("-c", "import tasks", TASKS=text)

    assert done.returncode == 2
    assert done.stderr == (
        "lastin: TASKS must be names of modules with commas between, such as shop.tasks,billing.jobs,"
        f" but holds {text!r}.\n"
    )
