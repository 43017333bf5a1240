"""``make run`` in a copy of this clone, as a test starts, interrupts and crashes it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis

from local.embedded import free_port

from ..service import Answer, call, clean_environment, clone_into, wait_until

ANSWERS = "LastIn answers on "


class LocalRun:
    """A clone of its own in ``folder``, and ``python -m local`` in it, as a terminal would run it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """``settings``: environment variables of the run."""
        self.folder = folder
        self.port = free_port()
        self.command: tuple[str, ...] = ("local",)
        self._settings = settings
        self._started: list[subprocess.Popen[bytes]] = []
        clone_into(folder)

    @property
    def output(self) -> str:
        """All that it has printed, over all starts."""
        file = self.folder / "output"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    @property
    def pid(self) -> int:
        """The process that ``make run`` is."""
        return self._started[-1].pid

    def launch(self) -> None:
        """Start it as the foreground job of a terminal: in a process group of its own."""
        with (self.folder / "output").open("ab") as output:
            self._started.append(
                subprocess.Popen(
                    [sys.executable, "-m", *self.command],
                    cwd=self.folder,
                    env=clean_environment(**({"PORT": str(self.port)} | self._settings)),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )

    def start(self) -> None:
        """Start it and wait until it says that it answers, and jobs are accepted."""
        said = self.output.count(ANSWERS)
        self.launch()
        wait_until(lambda: self.is_ready() and self.output.count(ANSWERS) > said, "jobs to be accepted")

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends SIGINT to the whole foreground process group."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self, patience_s: float = 60) -> int:
        """Wait for its end; the exit status."""
        return self._started[-1].wait(patience_s)

    def stop(self) -> int:
        """Ctrl-C, and wait for the end; the exit status."""
        self.interrupt()
        return self.wait()

    def processes(self) -> dict[int, str]:
        """All processes that work in this clone, the server included, by their ids (Linux only)."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return found

    def wait_until_journaled(self) -> None:
        """Until the server holds back nothing of its append-only file (docs/promise.md, limits)."""
        url = (self.folder / ".data" / "redis-url").read_text(encoding="utf-8").strip()
        with redis.Redis.from_url(url) as client:
            wait_until(lambda: client.info("persistence")["aof_buffer_length"] == 0, "the journal to be written")

    def kill_all(self) -> None:
        """SIGKILL to every process of this clone: a crash of everything, or the end of a test."""
        while there := self.processes():
            for pid in there:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self._started:
                process.wait(10)

    def get(self, path: str) -> Answer:
        """GET a path of the API."""
        return call("GET", f"http://127.0.0.1:{self.port}{path}")

    def post_job(self, body: dict[str, Any]) -> Any:
        """Queue a job; its JSON."""
        answer = call("POST", f"http://127.0.0.1:{self.port}/v1/jobs", body)
        assert answer.status == 201, answer.body
        return answer.json

    def post_messages(self, count: int) -> list[str]:
        """Queue messages; their jobs' ids."""
        return [self.post_job({"message": f"message {number}"})["id"] for number in range(count)]

    def statuses(self, ids: Iterable[str]) -> list[str]:
        """The status of each job."""
        return [self.get(f"/v1/jobs/{job_id}").json["status"] for job_id in ids]

    def wait_until_processed(self, ids: Iterable[str]) -> None:
        """Wait until all of these jobs are processed."""
        ids = list(ids)
        wait_until(lambda: set(self.statuses(ids)) == {"processed"}, f"{len(ids)} jobs to be processed")

    def is_ready(self) -> bool:
        """True when jobs are accepted; fails the test when it has ended."""
        assert self._started[-1].poll() is None, self.output
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False


class TerminalRun(LocalRun):
    """As :class:`LocalRun`, on a terminal."""

    def launch(self) -> None:
        """Start it as the foreground job of a terminal, whose keys reach it."""
        self._keys, its_end = pty.openpty()
        self._started.append(
            subprocess.Popen(
                [sys.executable, "-m", *self.command],
                cwd=self.folder,
                env=clean_environment(**({"PORT": str(self.port)} | self._settings)),
                stdin=its_end,
                stdout=its_end,
                stderr=its_end,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 (one call, no lock)
            )
        )
        os.close(its_end)
        threading.Thread(target=self._read, args=(self._keys,), daemon=True).start()

    def interrupt(self) -> None:
        """The key Ctrl-C."""
        os.write(self._keys, b"\x03")

    def lines(self) -> list[str]:
        """What stands on the screen, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.output).splitlines()

    def _read(self, terminal: int) -> None:
        with (self.folder / "output").open("ab", buffering=0) as output, suppress(OSError):
            while read := os.read(terminal, 65536):
                output.write(read.replace(b"\r\n", b"\n"))
