"""The worker processes of a soak: started, killed, stopped and ended; and what became of each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..service import ROOT, clean_environment

SHUTDOWN_MS = 200
"""Shorter than the longest task, so that a worker that is ended puts jobs back."""
ENDS_WITHIN_S = 20
GOES_ON_FOR_S = 2.0


@dataclass
class WorkerProcess:
    """``dramatiq`` with one child. ``fate``: what explains that it lost leases, None while all is well with it. It is
    continued and killed when ``time.monotonic()`` reaches the times that are set."""

    process: subprocess.Popen[bytes]
    pids: Path
    fate: str | None = None
    continued_at: float | None = None
    killed_at: float | None = None

    def is_named(self, name: str) -> bool:
        """Whether a worker's name in the log means this process (``lifecycle.worker_name``)."""
        return self.is_up and name.rsplit(":", 2)[1] in self.pids.read_text(encoding="ascii").split()

    @property
    def is_up(self) -> bool:
        """Whether its child has come so far as to run tasks. Before that, SIGTERM may hang Dramatiq's parent."""
        return self.pids.exists()

    def signal(self, number: signal.Signals) -> None:
        """To the process and its child."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def leave(self) -> None:
        """Ask it to end, as a platform does."""
        self.signal(signal.SIGTERM if self.is_up else signal.SIGKILL)
        self.killed_at = time.monotonic() + ENDS_WITHIN_S


class Fleet:
    """So many worker processes at work, each replaced when it ends or is stopped."""

    def __init__(
        self, folder: Path, redis_url: str, *, processes: int, threads: int, settings: Mapping[str, object]
    ) -> None:
        self.happened: Counter[str] = Counter()
        self._folder, self._threads = folder, threads
        self._settings = {name: str(value) for name, value in settings.items()} | {"REDIS_URL": redis_url}
        self._at_work: list[WorkerProcess | None] = [None] * processes
        self._leaving: list[WorkerProcess] = []
        self._all: list[WorkerProcess] = []
        self._of_name: dict[str, WorkerProcess] = {}

    def keep(self) -> None:
        """Replace what has ended, and see to those that were stopped or leave."""
        for i, worker in enumerate(self._at_work):
            if worker is not None and worker.process.poll() is not None:
                self._take(i, "worker crashed").kill()
            if self._at_work[i] is None:
                self._at_work[i] = self._start()
        now = time.monotonic()
        for worker in self._leaving:
            if worker.continued_at is not None and now > worker.continued_at:
                worker.signal(signal.SIGCONT)
                worker.continued_at = None
            if worker.killed_at is not None and now > worker.killed_at:
                worker.kill()
        self._leaving = [worker for worker in self._leaving if worker.process.poll() is None]

    def kill(self, i: int) -> None:
        """End one as a crash would."""
        self._take(i, "worker killed").kill()

    def end(self, i: int) -> None:
        """End one as a platform would; it puts back what it can't finish in time."""
        worker = self._take(i, "worker ended")
        worker.leave()
        self._leaving.append(worker)

    def stop(self, i: int, for_s: float) -> None:
        """Stop one, as a machine that stands still would; later it goes on for a moment, beside its replacement."""
        worker = self._take(i, "worker stopped")
        worker.signal(signal.SIGSTOP)
        worker.continued_at = time.monotonic() + for_s
        worker.killed_at = worker.continued_at + GOES_ON_FOR_S
        self._leaving.append(worker)

    def close(self) -> None:
        """End all of them gently, and wait until nothing runs any more."""
        for i, worker in enumerate(self._at_work):
            if worker is not None:
                self.end(i)
        for worker in self._leaving:
            worker.signal(signal.SIGCONT)
            worker.leave()
        for worker in self._leaving:
            try:
                worker.process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                worker.kill()
        self._leaving.clear()

    def fate_of(self, name: str) -> str | None:
        """What explains that the worker of this name lost a lease; None: it is none of ours."""
        worker = self._of_name.get(name)
        if worker is None:
            worker = next((one for one in reversed(self._all) if one.is_named(name)), None)
            if worker is None:
                return None
            self._of_name[name] = worker
        return worker.fate or ("worker late" if _is_alive(int(name.rsplit(":", 2)[1])) else "worker crashed")

    def _take(self, i: int, fate: str) -> WorkerProcess:
        worker = self._at_work[i]
        assert worker is not None
        self._at_work[i] = None
        worker.fate = fate if worker.process.poll() is None else "worker crashed"
        self.happened[worker.fate.replace("worker", "workers")] += 1
        return worker

    def _start(self) -> WorkerProcess:
        n = len(self._all)
        pids = self._folder / f"worker-{n}.pids"
        command = [
            *(sys.executable, "-m", "dramatiq", "tests.proof.soak_tasks", "--processes", "1", "--skip-logging"),
            *("--threads", str(self._threads), "--worker-shutdown-timeout", str(SHUTDOWN_MS)),
        ]
        with (self._folder / f"worker-{n}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(SOAK_PIDS=str(pids), **self._settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._all.append(WorkerProcess(process, pids))
        return self._all[-1]


def _is_alive(pid: int) -> bool:
    """Whether a process runs: one that is dead and not yet missed by its parent doesn't."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip() != "" and not state.startswith("Z")
