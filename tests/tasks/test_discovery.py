"""One file a task, found by itself."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

import tasks
from tests.service import python


def _import_tasks_with(
    tmp_path: Path, module: str, then: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Import ``tasks`` in a process of its own, with one more module in the package."""
    (tmp_path / "extra.py").write_text(textwrap.dedent(module), encoding="utf-8")
    program = f"""
import importlib.util, sys
spec = importlib.util.find_spec("tasks")
spec.submodule_search_locations.append({str(tmp_path)!r})
module = importlib.util.module_from_spec(spec)
sys.modules["tasks"] = module
spec.loader.exec_module(module)
{then}
"""
    return python("-c", program, **settings)


def test_a_new_file_is_a_new_task(tmp_path: Path) -> None:
    module = '''
        from marshmallow import fields
        from tasks import task

        @task(to=fields.Email(required=True), title=fields.Str(required=True))
        def send_letter(to, title):
            """Send one mail."""
    '''

    done = _import_tasks_with(tmp_path, module, then="print(*module.registry)")

    assert {"send_letter", tasks.DEFAULT_TASK} <= set(done.stdout.split()), done.stderr


@pytest.mark.parametrize(
    ("module", "line", "reason"),
    [
        ("import json\nimport no_such_library", 2, "ModuleNotFoundError: No module named 'no_such_library'"),
        ("\n\ndef broken(:", 3, "SyntaxError: "),
        ("def half(n):\n    return n / 0\n\nhalf(1)", 2, "ZeroDivisionError: division by zero"),
        (
            "from tasks import task\n@task\ndef extra(x): ...",
            2,
            "TaskError: Task 'extra' (tasks.extra.extra): the argument 'x' has neither a field nor a default",
        ),
    ],
)
def test_a_broken_file_ends_the_program_with_one_line_that_says_where_and_why(
    tmp_path: Path, module: str, line: int, reason: str
) -> None:
    done = _import_tasks_with(tmp_path, module)

    assert done.returncode == 2
    assert done.stderr.startswith(f"lastin: {tmp_path / 'extra.py'}, line {line}: {reason}")
    assert done.stderr.count("\n") == 1


def test_with_log_level_debug_a_broken_file_is_shown_with_its_traceback(tmp_path: Path) -> None:
    done = _import_tasks_with(tmp_path, "1 / 0", LOG_LEVEL="DEBUG")

    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_setting_that_cant_be_read_ends_with_2_and_one_line() -> None:
    done = python("-c", "import tasks", LEASE_S="soon")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "LEASE_S" in done.stderr


def test_the_default_task_is_there() -> None:
    assert tasks.registry["process_message"].queue == "default"
