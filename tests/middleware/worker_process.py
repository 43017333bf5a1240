"""Worker processes, as a test starts, stops and kills them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from ..service import ROOT, clean_environment, wait_until


class WorkerProcess:
    """``dramatiq tests.middleware.fault_tasks`` with one child, in a process group of its own."""

    def __init__(self, folder: Path, redis_url: str, *, threads: int = 2, **settings: str) -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        self._log = folder / "worker.log"
        self._command = [
            *(sys.executable, "-m", "dramatiq", "tests.middleware.fault_tasks", "--processes", "1"),
            *("--threads", str(threads), "--worker-shutdown-timeout", "5000"),
        ]
        self._environment = clean_environment(REDIS_URL=redis_url, JOURNAL=str(self.journal), **settings)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; what it does is in the journal."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        assert self._process is not None
        return self._process.wait(60)

    def wrote(self, line: str, times: int = 1) -> None:
        """Wait until the journal holds this line so many times."""
        wait_until(lambda: self.lines().count(line) >= times, f"{line!r} in the journal, {times} times")

    def logged(self, words: str) -> None:
        """Wait until its log holds these words."""
        wait_until(lambda: words in self._log.read_text(encoding="utf-8", errors="replace"), f"{words!r} in the log")

    def lines(self) -> list[str]:
        """The journal so far."""
        return self.journal.read_text(encoding="utf-8").splitlines()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGCONT)
        self.kill()
        print(self._log.read_text(encoding="utf-8", errors="replace"))
