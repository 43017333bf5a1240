"""A platform that runs Procfiles, as Heroku and Dokku are: each line in a shell, told what it needs by its environment,
and ended by SIGTERM to all of its processes at once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from local.embedded import free_port

from ..service import ROOT, Answer, call, clean_environment, wait_until

COPIED = ("api", "middleware", "scheduler", "tasks", "Procfile")
GRACE_S = 30.0
"""Between SIGTERM and SIGKILL, on Heroku and on Dokku."""


class Platform:
    """An app in ``folder``, with a task of its own, and the processes that were started of its Procfile."""

    def __init__(self, folder: Path, redis_url: str, **settings: str) -> None:
        """``settings``: what somebody set by ``heroku config:set``."""
        self.folder = folder
        self.port = free_port()
        self._redis_url = redis_url
        self._settings = settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        self.lines = dict(re.findall(r"^(\w+): (.+)$", (folder / "Procfile").read_text(encoding="utf-8"), re.MULTILINE))

    def start(self, name: str) -> None:
        """Start the line of this name."""
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["/bin/sh", "-c", self.lines[name]],
                cwd=self.folder,
                env=self._environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def terminate(self) -> float:
        """SIGTERM to every process there is; the moment at which it was sent."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        return time.monotonic()

    def statuses(self, terminated_at: float) -> dict[str, int]:
        """The exit statuses of all lines; -9 for what must be killed after the grace."""
        found = {}
        for name, process in self._running.items():
            try:
                found[name] = process.wait(max(0.0, terminated_at + GRACE_S - time.monotonic()))
            except subprocess.TimeoutExpired:
                found[name] = -9
        return found

    def wait(self, name: str) -> int:
        """Wait for the end of a line that ends by itself; its exit status."""
        return self._running[name].wait(60)

    def wait_until_ready(self) -> None:
        """Wait until web accepts jobs."""
        wait_until(self._is_ready, "web to accept jobs")

    def call(self, method: str, path: str, body: object = None, *, host: str = "127.0.0.1", **headers: str) -> Answer:
        """A request to web."""
        return call(method, f"http://{host}:{self.port}{path}", body, headers)

    def answer(self, path: str) -> Answer | None:
        """The answer to a GET; None while web doesn't listen."""
        with suppress(OSError):
            return self.call("GET", path)
        return None

    def job(self, job_id: str) -> dict[str, object]:
        """A job as it is now."""
        found: dict[str, object] = self.call("GET", f"/v1/jobs/{job_id}").json
        return found

    def output(self, name: str) -> str:
        """What a line has written."""
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name, process in self._running.items():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            print(f"--- {name} ---\n{self.output(name)}")

    def _environment(self, name: str) -> dict[str, str]:
        given = {"PORT": str(self.port), "REDIS_URL": self._redis_url, "DYNO": f"{name}.1"} | self._settings
        environment = clean_environment(**given)
        return environment | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])}

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _is_ready(self) -> bool:
        answer = self.answer("/readyz")
        return answer is not None and answer.status == 200
