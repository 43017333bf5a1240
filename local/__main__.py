"""``make run``: the whole service on this machine, from the embedded server to the last worker.

The embedded server starts first and stops last. honcho runs the Procfile; each of its processes leads a session of its
own, so that the Ctrl-C of a terminal reaches this process alone, which then ends the others one after the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from middleware.errors import LastInError, SettingsError
from middleware.floors import RUN
from middleware.processes.server_program import EmbeddedServerError
from middleware.serving import check_serving
from middleware.settings import DATA_DIR, EMBEDDED_URL_FILE, ROOT, Settings, exit_with

from . import leftovers
from .console import Console
from .embedded import EmbeddedServer, write_private
from .env_file import with_env_file
from .farewell import Farewell
from .procfile import ProcfileManager
from .supervisor import Supervisor
from .task_check import TaskCheck

LOCK_FILE = DATA_DIR / "lock"
PROCESSES_FILE = DATA_DIR / "processes.json"
SERVER_DIR = DATA_DIR / "redis"
WORKER_SHUTDOWN_MS = "4000"
"""Shorter than the Procfile's, since somebody waits at the terminal. Jobs that aren't done by then are put back."""
KILL_MARGIN_S = 3


class LocalRunError(LastInError):
    """The service can't be started here; the message says why and what to do."""


def main() -> int:
    """Exit status: 0 after Ctrl-C or SIGTERM, 2 for a setting that can't be read, else 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _on_hangup)
    environment = _environment()
    try:
        settings = Settings.from_environ(environment)
        check_serving(settings)
    except SettingsError as error:
        exit_with(error)
    try:
        with _clone_lock(_url_of(settings)):
            leftovers.end(leftovers.read(PROCESSES_FILE), settings.worker_shutdown_ms / 1000 + KILL_MARGIN_S)
            _check_port(settings)
            return _run(settings, environment)
    except (LocalRunError, EmbeddedServerError) as error:
        print(f"lastin: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _environment() -> dict[str, str]:
    """The environment of the processes."""
    environment = with_env_file()
    environment.setdefault("WORKER_SHUTDOWN_MS", WORKER_SHUTDOWN_MS)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    return environment | {"PYTHONUNBUFFERED": "1"}


def _run(settings: Settings, environment: dict[str, str]) -> int:
    """Start the server, run the Procfile until somebody stops it, then stop the server."""
    with ExitStack() as ending:
        server, tasks = None, TaskCheck(environment)
        ending.callback(tasks.stop)
        tasks.start()
        if not (environment.get("REDIS_URL") or environment.get("REDIS_SENTINELS")):
            password = secrets.token_urlsafe(24)  # a new one each time: what others have learned is of no use to them
            server = EmbeddedServer(SERVER_DIR, password=password, durability=settings.durability)
            ending.callback(server.stop)
            server.start()
            ending.callback(EMBEDDED_URL_FILE.unlink, missing_ok=True)
            write_private(EMBEDDED_URL_FILE, server.url + "\n")
            environment["REDIS_URL"] = server.url
        if fault := tasks.fault():
            sys.stderr.write(fault)
            return 2
        return _run_procfile(settings, environment, server)


def _run_procfile(settings: Settings, environment: Mapping[str, str], server: EmbeddedServer | None) -> int:
    shutdown_s = settings.worker_shutdown_ms / 1000 + KILL_MARGIN_S
    console = Console(environment)
    manager = ProcfileManager({**environment, "LOG_FORMAT": "json"}, console, kill_after_s=shutdown_s)
    supervisor = Supervisor(manager, server, url=_url_of(settings), note=PROCESSES_FILE)
    manager.on_started = supervisor.start
    farewell = Farewell(
        console,
        server.url if server else settings.redis_url,
        settings,
        data=f"{DATA_DIR.relative_to(ROOT)}/" if server else "Redis",
    )
    manager.on_stop = lambda: farewell.begin(manager.pids())
    try:
        manager.loop()
        if not manager.failure:
            farewell.end()
    except OSError:
        _drop_output()  # nobody reads any more, as in `make run | head`: what is left is to end well
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()
        leftovers.end(manager.processes(), shutdown_s)
        PROCESSES_FILE.unlink(missing_ok=True)
    if manager.failure:
        raise LocalRunError(manager.failure)
    return 0


@contextmanager
def _clone_lock(url: str) -> Iterator[None]:
    """Hold the lock of this clone; the kernel takes it away with the process, however that ends."""
    DATA_DIR.mkdir(exist_ok=True)
    with LOCK_FILE.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            lock.seek(0)
            raise LocalRunError(f"`{RUN}` runs already in this folder: {lock.read()}.") from None
        lock.truncate(0)
        lock.write(f"{url}, process {os.getpid()}")
        lock.flush()
        yield


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
            advice = f"Choose another one: PORT={_next_port(settings)} {RUN}"
            raise LocalRunError(f"Port {settings.port} of {settings.host} {reason}. {advice}") from None


def _next_port(settings: Settings) -> int:
    """A port to propose: the next one, or for ports below 1024 the one after the default."""
    return settings.port + 1 if 1024 <= settings.port < 65535 else Settings().port + 1


def _url_of(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    scheme = "https" if settings.tls_cert_file else "http"
    return f"{scheme}://[{host}]:{settings.port}/" if ":" in host else f"{scheme}://{host}:{settings.port}/"


def _on_hangup(number: int, frame: FrameType | None) -> None:
    """The terminal was closed: end as on SIGTERM, without writing to it."""
    _drop_output()
    os.kill(os.getpid(), signal.SIGTERM)


def _drop_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


if __name__ == "__main__":
    sys.exit(main())
