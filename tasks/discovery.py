"""Finds the tasks: imports the modules that TASKS names, and tells in one line what can't be imported."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from middleware.settings import ROOT

from .declaration import TaskError
from .registry import DEFAULT_TASK

HERE = Path(__file__).parent
DECLARING = frozenset({"__init__.py", "__main__.py", "declaration.py", "discovery.py", "payload.py", "registry.py"})
"""Files of this package that hold no task."""


def discover(names: Sequence[str]) -> None:
    """Import modules, and packages with every module in them but ``__main__``, so that their tasks are declared. They
    stand in the folder of the project or anywhere else on Python's path. Without names: what is in this package. The
    default task is there in any case.

    Raises:
      TaskError: names the file that can't be imported, and the line, or the module that isn't there; the reason is its
        cause.
    """
    _imported(f"{__package__}.{DEFAULT_TASK}")
    if names and str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    for name in names or (str(__package__),):
        for found in _modules_in(_imported(name, is_named=True)):
            _imported(found)


def _modules_in(module: ModuleType) -> Iterator[str]:
    """The modules of a package; nothing for a module."""
    inner = {found.name for found in pkgutil.iter_modules(getattr(module, "__path__", ()))} - {"__main__"}
    return (f"{module.__name__}.{name}" for name in sorted(inner))


def _imported(name: str, *, is_named: bool = False) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if is_named and error.name and f"{name}.".startswith(f"{error.name}."):
            raise TaskError(
                f"TASKS names {name!r}, but there is no module {error.name!r}: neither in {ROOT} nor on Python's path."
            ) from error
        raise TaskError(_fault(name, error)) from error
    except Exception as error:
        raise TaskError(_fault(name, error)) from error


def _fault(module: str, error: Exception) -> str:
    """In one line: where it happened, as far as it did so in a file beside the module, and what."""
    file, line = None, None
    if isinstance(error, SyntaxError) and error.filename:
        file, line, what = error.filename, error.lineno, error.msg
    else:
        what = " ".join(str(error).split())
        places = _places(module)
        for frame in traceback.extract_tb(error.__traceback__):
            if _is_in(Path(frame.filename), places):
                file, line = frame.filename, frame.lineno
    found_in = f"{_shown(Path(file))}, line {line}: " if file else f"{module}: "
    return f"{found_in}{type(error).__name__}: {what.rstrip('.')}. (LOG_LEVEL=DEBUG shows the traceback of {module}.)"


def _places(module: str) -> list[Path]:
    """The folders of the package that a module belongs to, or the file of one that stands alone."""
    package = str(__package__)
    spec = importlib.util.find_spec(package if module.startswith(f"{package}.") else module.partition(".")[0])
    if spec is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations or [str(spec.origin)]]


def _is_in(file: Path, places: Sequence[Path]) -> bool:
    if file.parent == HERE and file.name in DECLARING:
        return False
    return any(file.is_relative_to(place) for place in places)


def _shown(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
