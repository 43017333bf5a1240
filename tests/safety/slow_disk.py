"""Servers on a disk whose speed a test owns (``slow_disk.c``)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer

FAILS = -1
SOURCE = Path(__file__).with_suffix(".c")


class SlowDisk:
    """A disk on which each sync takes as long as the test says."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._library = library
        self._file = folder / "sync-takes-ms"
        self.syncs_take(0)

    def syncs_take(self, ms: int) -> None:
        """From the next sync on; FAILS: it fails."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ms}\n", encoding="ascii")
        new.replace(self._file)

    def start(self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start a server on this disk, again if it was killed."""
        with monkeypatch.context() as environment:
            environment.setenv("LD_PRELOAD", str(self._library))
            environment.setenv("SLOW_DISK", str(self._file))
            server.start()


def build(folder: Path) -> Path:
    """Compile the disk, or skip the test where that can't be done."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("A slow disk needs Linux and a C compiler (Debian: gcc).")
    library = folder / "slow_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE], check=True)
    return library
