"""The processes that ``make run`` starts, noted on disk so that the next start can end those of a killed one."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from middleware.processes.birth import birth_of


@dataclass(frozen=True, slots=True)
class NotedProcess:
    """A process, identified by its id and the time of its birth, since ids are used again."""

    pid: int
    born: str | None
    leads_group: bool

    @classmethod
    def of(cls, pid: int, *, leads_group: bool) -> NotedProcess:
        """A process that runs now; ``leads_group``: its children belong to it, signals go to all of them."""
        return cls(pid, birth_of(pid), leads_group)

    @property
    def is_there(self) -> bool:
        """True while the process, or what is left of its group, is there."""
        if not self._signal(0):
            return False
        born = birth_of(self.pid)
        return born == self.born or (born is None and self.leads_group)

    def _signal(self, number: int) -> bool:
        try:
            (os.killpg if self.leads_group else os.kill)(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def signal(self, number: int) -> None:
        """Send a signal, unless the process is gone."""
        if self.is_there:
            self._signal(number)


def end(processes: Iterable[NotedProcess], patience_s: float) -> None:
    """SIGTERM to all that are there; SIGKILL to those that still are after ``patience_s``."""
    there = [process for process in processes if process.is_there]
    for process in there:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while there := [process for process in there if process.is_there]:
        if time.monotonic() > deadline:
            for process in there:
                process.signal(signal.SIGKILL)
            return
        time.sleep(0.05)


def write(note: Path, processes: Iterable[NotedProcess]) -> None:
    """Note which processes have to be ended, if need be by a later run."""
    note.write_text(json.dumps([asdict(process) for process in processes]), encoding="ascii")


def read(note: Path) -> list[NotedProcess]:
    """What an earlier run noted; nothing when there is no note, or one that its crash cut short."""
    with suppress(FileNotFoundError, ValueError):
        return [NotedProcess(**fields) for fields in json.loads(note.read_text(encoding="ascii"))]
    return []
