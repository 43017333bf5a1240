"""Processes of a run: each leads a session of its own, and none outlives its turn."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from middleware.settings import ROOT, Settings

SETTINGS_NAMES = frozenset(field.metadata["name"] for field in dataclasses.fields(Settings))
PR_SET_CHILD_SUBREAPER = 36


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of LastIn, but with those given."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS_NAMES and name != "DYNO"}
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
    return inherited | {"PATH": path, "PYTHONPATH": str(ROOT)} | settings


class Process:
    """A process with its children, in a session of its own; what they write goes to a file in ``folder``."""

    def __init__(self, command: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
        self._command = list(command)
        self._output = folder / f"output-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process, which is also its session and its group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """True until it ends."""
        return self._process.poll() is None

    def output(self) -> str:
        """What it has written so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait(self, patience_s: float = 600) -> str:
        """Wait for its end; what it wrote.

        Raises:
          RuntimeError: it ended with another status than 0.
        """
        status = self._process.wait(patience_s)
        if status:
            raise RuntimeError(f"{' '.join(self._command)} ended with status {status}:\n{self.output()[-4000:]}")
        return self.output()

    def answer(self) -> dict[str, Any]:
        """Wait for its end; the JSON object that it wrote last.

        Raises:
          RuntimeError: it failed.
        """
        found: dict[str, Any] = json.loads(self.wait().strip().splitlines()[-1])
        return found

    def cpu_s(self) -> float:
        """Seconds of CPU that this process and those of its session have used so far."""
        return sum(_cpu_s(pid) for pid in _session(self.pid))

    def members(self) -> list[int]:
        """The processes of its session."""
        return _session(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """To all processes of its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End all of them as a crash would."""
        self.signal(signal.SIGKILL)
        for pid in _session(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, patience_s: float = 5) -> None:
        """Ask it to end, and kill what is left after ``patience_s``."""
        if self.is_alive:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        self.kill()


def adopt_orphans() -> None:
    """Let this process be the parent of what its children leave behind, so that its CPU time is counted (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> None:
    """Take note of the children that ended, other than those that somebody waits for."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _session(leader: int) -> list[int]:
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(_fields(entry)[3]) == leader:
                members.append(int(entry.parent.name))
    return members


def _cpu_s(pid: int) -> float:
    with suppress(OSError, ValueError):
        fields = _fields(Path(f"/proc/{pid}/stat"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _fields(stat: Path) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the name, which may hold spaces: state, parent, group, session …"""
    return stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
