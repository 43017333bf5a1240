"""A process group of ours (a web server, a worker, a scheduler, each with its children) and the folder of its metrics.

prometheus_client adds up the counts of several processes through files in one folder. It is never cleared there, so
each group gets a fresh one, named by the process that leads it, and takes away those whose leader is gone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import LastInError
from ..processes.birth import PROC, birth_of

MOST_GROUPS = 64
UNKNOWN = "0"
"""In the name of a folder: when the process that leads the group began isn't known."""


class GroupFolderError(LastInError):
    """The folder for metrics can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """``process``: web, worker or scheduler. ``leader``: the id of the process that the others descend from."""

    process: str
    leader: int

    def folder(self) -> Path:
        """The folder of this group, the same for all of its processes; made when it isn't there.

        Raises:
          GroupFolderError: somebody else has put something in its place.
        """
        base = _base()
        for other in base.glob("*-*-*"):
            if other.is_dir() and not _is_alive(other.name):
                shutil.rmtree(other, ignore_errors=True)
        own = base / f"{self.process}-{self.leader}-{birth_of(self.leader) or UNKNOWN}"
        own.mkdir(mode=0o700, exist_ok=True)
        return own

    def host(self) -> str:
        """This machine's name, for labels. Where several groups of a kind run on one, those after the first add a
        number, which they keep for as long as the process lives that first asked for it."""
        note = self.folder() / "host"
        with suppress(FileNotFoundError):
            return note.read_text(encoding="utf-8")
        name = socket.gethostname()
        for number in range(1, MOST_GROUPS + 1):
            if _take(_base() / f"{self.process}.{number}.lock"):
                name = name if number == 1 else f"{name}.{number}"
                break
        note.write_text(name, encoding="utf-8")
        return name

    def members(self) -> list[int]:
        """The ids of the processes in this group, the leader first, then in the order in which they started; none where
        there is no /proc."""
        found = [self.leader]
        for pid in found:
            with suppress(OSError):
                for file in (PROC / str(pid) / "task").glob("*/children"):
                    found += [int(child) for child in file.read_text(encoding="ascii").split()]
        births = {pid: int(birth) for pid in found if (birth := birth_of(pid)) is not None} if PROC.is_dir() else {}
        return sorted(births, key=lambda pid: (pid != self.leader, births[pid], pid))


_held: list[int] = []
"""Descriptors of locks, open for as long as the process lives."""


def _take(file: Path) -> bool:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True


def _base() -> Path:
    """A folder that only this user can write to, one for each machine that may share the temporary folder."""
    base = Path(tempfile.gettempdir()) / f"lastin-{os.getuid()}-{socket.gethostname()}"
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise GroupFolderError(f"{base} must be a folder of this user's that nobody else can write to. Remove it.")
    return base


def _is_alive(name: str) -> bool:
    _, pid, started = name.rsplit("-", 2)
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's process has got the number
    return (birth_of(int(pid)) or UNKNOWN) == started
