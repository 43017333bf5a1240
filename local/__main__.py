"""``make run``: the whole service on this machine, from the embedded server to the last worker.

The embedded server starts first and stops last. honcho runs the Procfile; each of its processes leads a session of its
own, so that the Ctrl-C of a terminal reaches this process alone, which then ends the others one after the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import honcho.environ

from middleware.errors import LastInError, SettingsError
from middleware.serving import check_serving
from middleware.settings import DATA_DIR, EMBEDDED_URL_FILE, ROOT, Settings, exit_with

from . import leftovers
from .embedded import EmbeddedServer, EmbeddedServerError
from .procfile import ProcfileManager

LOCK_FILE = DATA_DIR / "lock"
PROCESSES_FILE = DATA_DIR / "processes.json"
SERVER_DIR = DATA_DIR / "redis"
WORKER_SHUTDOWN_MS = "4000"
"""Shorter than the Procfile's: somebody waits in front of the terminal. What isn't done by then is put back."""
KILL_MARGIN_S = 3


class LocalRunError(LastInError):
    """The service can't be started here; the message says why and what to do."""


class Attendant(threading.Thread):
    """Notes the processes once they are there, tells when the API answers, and starts a dead server again."""

    def __init__(self, manager: ProcfileManager, server: EmbeddedServer | None, url: str) -> None:
        super().__init__(name="attendant", daemon=True)
        self._manager = manager
        self._server = server
        self._url = url
        self._duties = [self._note_processes, self._announce]
        self._stopping = threading.Event()

    def run(self) -> None:
        """Ten times a second, until :meth:`stop`."""
        while not self._stopping.wait(0.1):
            self._duties = [duty for duty in self._duties if not duty()]
            if self._server is not None and not self._server.is_alive:
                self._revive(self._server)

    def stop(self) -> None:
        """From now on the server may end."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def _note_processes(self) -> bool:
        if not self._manager.have_all_started():
            return False
        leftovers.write(PROCESSES_FILE, self._manager.processes())
        return True

    def _announce(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}healthz", timeout=1, context=_any_certificate()):  # noqa: S310
                pass
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        self._manager.say(f"LastIn answers on {self._url} (the API: {self._url}docs). Ctrl-C stops it.")
        return True

    def _revive(self, server: EmbeddedServer) -> None:
        self._manager.say("The embedded server died and is started again.")
        try:
            server.start()
        except EmbeddedServerError as error:
            self._manager.failure = str(error)
            self._stopping.set()
            os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Exit status: 0 after Ctrl-C or SIGTERM, 2 for a setting that can't be read, else 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _lose_terminal)
    environment = _environment()
    try:
        settings = Settings.from_environ(environment)
        check_serving(settings)
    except SettingsError as error:
        exit_with(error)
    try:
        with _only_run(_url_of(settings)):
            leftovers.end(leftovers.read(PROCESSES_FILE), settings.worker_shutdown_ms / 1000 + KILL_MARGIN_S)
            _check_port(settings)
            return _run(settings, environment)
    except (LocalRunError, EmbeddedServerError) as error:
        print(f"lastin: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _environment() -> dict[str, str]:
    """What the processes get: this process's environment, and of ``.env`` whatever isn't set there."""
    environment = {name: value for name, value in os.environ.items() if value}
    with suppress(FileNotFoundError):
        environment = honcho.environ.parse((ROOT / ".env").read_text(encoding="utf-8")) | environment
    environment.setdefault("WORKER_SHUTDOWN_MS", WORKER_SHUTDOWN_MS)
    if sys.stdout.isatty():
        environment.setdefault("LOG_FORMAT", "console")
        environment.setdefault("FORCE_COLOR", "1")
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    return environment | {"PYTHONUNBUFFERED": "1"}


def _run(settings: Settings, environment: dict[str, str]) -> int:
    """The server, then the Procfile until it is stopped, then the server's end."""
    with ExitStack() as ending:
        server = None
        if not environment.get("REDIS_URL"):
            server = EmbeddedServer(SERVER_DIR)
            ending.callback(server.stop)
            server.start()
            ending.callback(EMBEDDED_URL_FILE.unlink, missing_ok=True)
            EMBEDDED_URL_FILE.write_text(server.url + "\n", encoding="ascii")
            environment["REDIS_URL"] = server.url
        return _run_procfile(settings, environment, server)


def _run_procfile(settings: Settings, environment: Mapping[str, str], server: EmbeddedServer | None) -> int:
    shutdown_s = settings.worker_shutdown_ms / 1000 + KILL_MARGIN_S
    manager = ProcfileManager(environment, kill_after_s=shutdown_s)
    attendant = Attendant(manager, server, _url_of(settings))
    manager.on_started = attendant.start
    try:
        manager.loop()
    except OSError:
        _drop_output()  # nobody reads any more, as in `make run | head`: what is left is to end well
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        attendant.stop()
        leftovers.end(manager.processes(), shutdown_s)
        PROCESSES_FILE.unlink(missing_ok=True)
    if manager.failure:
        raise LocalRunError(manager.failure)
    return 0


@contextmanager
def _only_run(url: str) -> Iterator[None]:
    """Holds the lock of this clone; the kernel takes it away with the process, however that ends."""
    DATA_DIR.mkdir(exist_ok=True)
    with LOCK_FILE.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            lock.seek(0)
            raise LocalRunError(f"`make run` runs already in this clone: {lock.read()}.") from None
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
            advice = f"Choose another one: PORT={_next_port(settings)} make run"
            raise LocalRunError(f"Port {settings.port} of {settings.host} {reason}. {advice}") from None


def _next_port(settings: Settings) -> int:
    """A port to propose: the next one, or for those below 1024 the default one's neighbour."""
    return settings.port + 1 if 1024 <= settings.port < 65535 else Settings().port + 1


def _url_of(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    scheme = "https" if settings.tls_cert_file else "http"
    return f"{scheme}://[{host}]:{settings.port}/" if ":" in host else f"{scheme}://{host}:{settings.port}/"


def _any_certificate() -> ssl.SSLContext:
    """Whether our own process answers on this machine doesn't hang on the name in its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _lose_terminal(number: int, frame: FrameType | None) -> None:
    """The terminal was closed: end as on SIGTERM, without writing to it."""
    _drop_output()
    os.kill(os.getpid(), signal.SIGTERM)


def _drop_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


if __name__ == "__main__":
    sys.exit(main())
