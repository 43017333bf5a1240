"""The floors above this one, in the wheel ``lastin``: how they find each other there
(docs/decisions/0032-one-wheel.md).

In the repository they are the folders ``api``, ``cli``, ``local``, ``scheduler`` and ``tasks``, and import each other
and ``middleware`` by these names. Where the wheel is installed, such names belong to whoever installs it, so there the
folders are ``lastin.api``, ``lastin.tasks`` and so on. Modules in them are run with an ``__import__`` that knows
this. What is imported by any other module isn't touched.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

FLOORS = frozenset({"api", "cli", "local", "scheduler", "tasks"})
WHEEL = "lastin"
IS_INSTALLED = __name__ == f"{WHEEL}.floors"
"""Whether this is the wheel; else it is the repository."""
RUN = "lastin run" if IS_INSTALLED else "make run"
"""The command that starts all of LastIn here."""


def _project() -> str:
    if not IS_INSTALLED:
        return os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return ""


PROJECT = _project()
"""The folder of the project: where the wheel is installed, the one that a program is started in; else this clone."""


def wheel_name(name: str) -> str:
    """What the wheel calls the module that the repository calls ``name``; others keep their names."""
    first, dot, rest = name.partition(".")
    if first == "middleware":
        return f"{WHEEL}{dot}{rest}"
    return f"{WHEEL}.{name}" if first in FLOORS else name


def here(name: str) -> str:
    """What the module that the repository calls ``name`` is called here."""
    return wheel_name(name) if IS_INSTALLED else name


def find_floors() -> None:
    """From now on the floors can be imported from the wheel."""
    sys.meta_path.insert(0, _Finder())


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002 -- as Python calls it
    locals: Mapping[str, Any] | None = None,  # noqa: A002
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    found = name if level else wheel_name(name)
    if found == name or fromlist:
        return builtins.__import__(found, globals, locals, fromlist or (), level)
    importlib.import_module(found)
    return sys.modules[wheel_name(name.partition(".")[0])]  # what ``import api.wsgi`` binds to ``api``


BUILTINS = vars(builtins) | {"__import__": _import}


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = BUILTINS
        super().exec_module(module)


class _Finder:
    """A finder as ``sys.meta_path`` holds them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        wheel, _, inner = fullname.partition(".")
        if wheel != WHEEL or inner.partition(".")[0] not in FLOORS:
            return None
        spec = PathFinder.find_spec(fullname, path, target) or self._of_others(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec

    def _of_others(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        """What an editable install finds: its packages aren't below each other."""
        finders = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
        return next((spec for finder in finders if (spec := finder.find_spec(fullname, path, target))), None)
