"""The real processes of the service, as a test starts, kills and stops them."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import Message
from pathlib import Path
from typing import Any, Self, TypeVar

from local.embedded import EmbeddedServer, free_port
from middleware.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = ("web", "worker", "scheduler")
CLONED = ("api", "cli", "local", "middleware", "scheduler", "tasks", "Procfile")
"""What a clone needs to run."""
SETTINGS_NAMES = frozenset(field.metadata["name"] for field in dataclasses.fields(Settings))

T = TypeVar("T")


def chosen_server() -> Path | None:
    """The server program that ``LASTIN_TEST_REDIS`` names; None: the embedded one."""
    chosen = os.environ.get("LASTIN_TEST_REDIS")
    return Path(chosen) if chosen else None


def wait_until(condition: Callable[[], T], what: str = "the condition", patience_s: float = 60) -> T:
    """Call ``condition`` until its value is true and return that; fail the test after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {patience_s:g} s for {what}; the last value was {value!r}.")
        time.sleep(0.02)
    return value


def whole_lines(text: str) -> list[str]:
    """The lines of what somebody writes, but for one that is being written."""
    return text.rpartition("\n")[0].splitlines()


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment of this process without any setting of LastIn, but with those given."""
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS_NAMES and name != "DYNO"}
    return inherited | settings


def python(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run Python in this clone to its end, a minute at most, in a :func:`clean_environment`."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment(**settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def clone_into(folder: Path) -> None:
    """Make a clone there, as far as it is needed to run, to which a test may add tasks."""
    folder.mkdir()
    for name in CLONED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the HTTP API answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def call(method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One HTTP request; ``body`` is sent as JSON. An error status is an answer like any other."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data is not None else {}
    request = urllib.request.Request(url, data=data, method=method, headers=sent | dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@contextmanager
def python_running(log: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[None]:
    """A Python process of the service's, with all of its children, for as long as the block lasts."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class RunningService:
    """web, worker and scheduler as processes of their own, on a free port, with a server of their own.

    Each process leads a process group, so that :meth:`kill` and :meth:`signal` reach its children too. Output goes to
    ``{name}.log`` in ``folder``; with ``shows_logs`` it is printed at the end, for pytest to show when the test failed.
    """

    shows_logs = True

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        processes: Sequence[str] = PROCESSES,
        binary: Path | None = None,
        clone: Path = ROOT,
        durability: str = "everysec",
    ) -> None:
        """``settings`` are environment variables; ``processes`` those that :meth:`start` starts: of several workers,
        ``worker-1``, ``worker-2`` and so on. They run the code of ``clone``."""
        self.folder = folder
        self.port = free_port()
        self.server = EmbeddedServer(folder / "redis", binary=binary, durability=durability)
        self._clone = clone
        self._settings = dict(settings or {})
        self._first = tuple(processes)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """Where the HTTP API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every process gets."""
        ours = {
            "REDIS_URL": self.server.url,
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            "WORKER_SHUTDOWN_MS": "4000",
        }
        return clean_environment(**(ours | self._settings))

    def environment_of(self, name: str) -> dict[str, str]:
        """What this process gets."""
        return self.environment

    def start(self) -> Self:
        """Start the server and the processes, and wait until the API can accept jobs."""
        self.server.start()
        for name in self._first:
            self.start_process(name)
        if "web" in self._first:
            self.wait_until_ready()
        return self

    def start_process(self, name: str) -> None:
        """Start one process, again if it ran before."""
        environment = self.environment_of(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._command(name, environment),
                cwd=self._clone,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until ``/readyz`` says that jobs are accepted."""
        wait_until(self._is_ready, f"{self.url}/readyz to answer 200; web says:\n{self.log('web')}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and all of its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, number)

    def kill(self, name: str) -> None:
        """End a process and its children as a crash would, and wait for the end. ``redis`` is the server."""
        if name == "redis":
            self.server.kill()
        else:
            self.signal(name, signal.SIGKILL)
            self._running[name].wait()

    def wait(self, name: str, patience_s: float = 60) -> int:
        """Wait for a process to end; its exit status."""
        return self._running[name].wait(patience_s)

    def is_alive(self, name: str) -> bool:
        """True while the process (not necessarily its children) runs."""
        return name in self._running and self._running[name].poll() is None

    def pid(self, name: str) -> int:
        """The id of a process, which is also that of its group."""
        return self.server.pid or 0 if name == "redis" else self._running[name].pid

    def log(self, name: str) -> str:
        """What a process has written so far."""
        file = self.folder / f"{name}.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def lines(self, name: str) -> list[str]:
        """The lines that a process has written so far, but for one that is being written."""
        return whole_lines(self.log(name))

    def stop(self) -> None:
        """End everything: politely first, the server last."""
        for name in self._running:
            self.signal(name, signal.SIGTERM)
        for name, process in self._running.items():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                print(f"{name} didn't end within 10 s of SIGTERM and is killed.")
            self.kill(name)
            if self.shows_logs:
                print(f"--- {name}.log ---\n{self.log(name)}")
        self._running.clear()
        self.server.stop()

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path of the API."""
        return call("GET", self.url + path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST a JSON body to a path of the API."""
        return call("POST", self.url + path, {} if body is None else body, headers)

    def wait_for_job(self, job_id: str, status: str = "processed", patience_s: float = 60) -> Any:
        """The job, as soon as it has this status."""
        return wait_until(lambda: self._job_with(job_id, status), f"job {job_id} to be {status}", patience_s)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self, name: str, environment: Mapping[str, str]) -> list[str]:
        if not name.startswith("worker"):
            return [sys.executable, "-m", "api" if name == "web" else name]
        return [
            *(sys.executable, "-m", "dramatiq", "tasks", "--skip-logging"),
            *("--processes", environment.get("WORKER_PROCESSES", "1")),
            *("--threads", environment.get("WORKER_THREADS", "8")),
            *("--worker-shutdown-timeout", environment["WORKER_SHUTDOWN_MS"]),
        ]

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def _job_with(self, job_id: str, status: str) -> Any:
        job = self.get(f"/v1/jobs/{job_id}").json
        return job if job.get("status") == status else None
