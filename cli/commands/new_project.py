"""``lastin new-project``: a small project of one's own, ready to run."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from pathlib import Path
from string import Template

import click

from middleware import VERSION

from ..endings import Failed, Unusable

TEMPLATES = Path(__file__).resolve().parents[1] / "project"
FILES = {
    ".env": "env",
    ".gitignore": "gitignore",
    "Procfile": "Procfile",
    "README.md": "README.md.template",
    "cadence.toml": "cadence.toml",
    "conftest.py": "conftest.py.template",
    "requirements.txt": "requirements.txt",
    "requirements-dev.txt": "requirements-dev.txt",
    "{package}/__init__.py": "package.py.template",
    "{package}/tasks.py": "tasks.py.template",
    "tests/test_tasks.py": "test_tasks.py.template",
}
"""Where each file goes, and what it is made from."""


@click.command(short_help="Make a project with a task of your own.")
@click.argument("name")
def command(name: str) -> None:
    """Make a folder NAME with a task, its test, a Procfile, a cadence file and settings. There `lastin run` runs it."""
    package = _package(name)
    folder = Path(name)
    try:
        folder.mkdir()
        for file, template in FILES.items():
            path = folder / file.format(package=package)
            path.parent.mkdir(exist_ok=True)
            text = Template((TEMPLATES / template).read_text(encoding="utf-8"))
            path.write_text(text.substitute(name=name, package=package, version=VERSION), encoding="utf-8")
    except FileExistsError:
        raise Unusable(f"{name} is there already. Choose another name, or another folder to make it in.") from None
    except OSError as error:
        raise Failed(f"{error.filename} can't be made: {error.strerror}.") from None
    click.echo(f"Made {name}/. Run it:\n\n  cd {name}\n  lastin run\n\n{name}/README.md says what to do next.")


def _package(name: str) -> str:
    """The name of the project's package.

    Raises:
      Unusable: Python couldn't import it, or would import something else.
    """
    package = name.replace("-", "_")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", package) or keyword.iskeyword(package):
        raise Unusable(f"NAME must be letters, digits, - and _, and begin with a letter, but is {name!r}.")
    if package == "tests" or package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
        raise Unusable(f"There is a module {package} already, and one would hide the other. Choose another name.")
    return package
