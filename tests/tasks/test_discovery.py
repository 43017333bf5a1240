"""One file a task, found by itself."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest

import tasks
from tests.service import python


def _import_tasks_with(tmp_path: Path, module: str, then: str = "") -> subprocess.CompletedProcess[str]:
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
    return python("-c", program)


def test_a_new_file_is_a_new_task(tmp_path: Path) -> None:
    module = '''
        from marshmallow import fields
        from tasks import task

        @task(to=fields.Email(required=True), title=fields.Str(required=True))
        def send_mail(to, title):
            """Send one mail."""
    '''

    done = _import_tasks_with(tmp_path, module, then="print(*module.registry)")

    assert done.stdout.split() == ["send_mail", "process_message"], done.stderr


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("from tasks import task\n@task\ndef extra(x): ...", "'x' has neither a field nor a default"),
    ],
)
def test_a_broken_file_stops_everything_with_its_name(tmp_path: Path, module: str, reason: str) -> None:
    done = _import_tasks_with(tmp_path, module)

    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "The task module tasks.extra can't be imported" in last
    assert reason in last


def test_a_setting_that_cant_be_read_ends_with_2_and_one_line() -> None:
    done = python("-c", "import tasks", LEASE_S="soon")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "LEASE_S" in done.stderr


def test_the_default_task_is_there() -> None:
    assert tasks.registry["process_message"].queue == "default"
