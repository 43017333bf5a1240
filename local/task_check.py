"""Whether the tasks can be imported: asked while the server starts, so that one line tells it instead of three."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from middleware.floors import here
from middleware.settings import ROOT

from .interrupts import held_back


class TaskCheck:
    """Imports the tasks in a process of its own, as each program will."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin to import them."""
        with held_back():
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"import {here('tasks')}"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )

    def fault(self) -> str:
        """What it said if it failed, else nothing."""
        if self._process is None:
            return ""
        _, said = self._process.communicate()
        return said if self._process.returncode else ""

    def stop(self) -> None:
        """End it, if it isn't over."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
