"""``LOG_FILE``: one file that all processes append to, and that any of them may rotate."""

from __future__ import annotations

import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path

from . import drops


class SharedFileHandler(logging.Handler):
    """Appends whole lines: a write to a file that was opened for appending isn't mixed with another process's.

    Before each line it looks whether the file is still the one with that name, so that rotation by another process, or
    by a tool like logrotate, is noticed at once. A file that can't be written to (a full disk) costs the line and
    nothing else; it is counted.
    """

    def __init__(self, path: Path, *, largest_bytes: int, kept: int) -> None:
        """``kept``: how many older files stay; ``.1`` is the newest of them.

        Raises:
          OSError: the file can't be opened.
        """
        super().__init__()
        self._path = path
        self._largest_bytes = largest_bytes
        self._kept = kept
        self._descriptor = self._opened()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        except Exception:
            self.handleError(record)
            return
        try:
            self._find_file()
            if os.fstat(self._descriptor).st_size + len(line) > self._largest_bytes:
                self._rotate(len(line))
            os.write(self._descriptor, line)
        except OSError:
            drops.count(1)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)
        super().close()

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _find_file(self) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._descriptor)):
                return
        os.close(self._descriptor)
        self._descriptor = self._opened()

    def _rotate(self, coming: int) -> None:
        """One process renames; those that waited for the lock find the new file."""
        lock = os.open(f"{self._path}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._find_file()
            if 0 < os.fstat(self._descriptor).st_size > self._largest_bytes - coming and self._path.is_file():
                for number in range(self._kept - 1, 0, -1):
                    with suppress(FileNotFoundError):
                        os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
                if self._kept:
                    self._path.replace(f"{self._path}.1")
                else:
                    self._path.unlink()
                self._find_file()
        finally:
            os.close(lock)
