"""``openapi.yaml``: the document of the service as it comes, whatever tasks were added to this clone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = (
    *("__init__", "__main__", "declaration", "discovery", "fresh_work", "limits", "payload", "process_message"),
    "registry",
)
"""The modules of ``tasks/`` that come with the service."""
COMMAND = ("-m", "flask", "--app", "api", "openapi", "print", "-f", "yaml")


def contract() -> str:
    """``openapi.yaml``, printed by a copy of the application in a process of its own."""
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("api", "middleware"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "tasks").mkdir()
        for name in OURS:
            shutil.copy(ROOT / "tasks" / f"{name}.py", copy / "tasks")
        printed = subprocess.run([sys.executable, *COMMAND], cwd=copy, check=True, capture_output=True, text=True)
    return printed.stdout.rstrip() + "\n"
