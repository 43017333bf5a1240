"""The HTTP API as a process of its own, over this run's Redis."""

from __future__ import annotations

import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from local.embedded import EmbeddedServer, free_port
from tests.service import ROOT, clean_environment, wait_until

from .client import Client
from .closed import client_for
from .issuer import Issuer

SERVE = """
from api.server import make_server
from middleware.settings import load
make_server(load(), "127.0.0.1", "tests.api.app:application").serve()
"""
StartApi = Callable[[str], Client]


def _answers(client: Client) -> bool:
    try:
        return client.get("/healthz").status == 200
    except OSError:
        return False


@contextmanager
def running_api(
    redis_url: str, log: Path, settings: Mapping[str, str] | None = None, *, serve: str = SERVE
) -> Iterator[Client]:
    """The application of ``tests.api.app`` in a server process, once it answers."""
    client = Client(free_port())
    command = [sys.executable, "-c", serve]
    ours = {"REDIS_URL": redis_url, "PORT": str(client.port), "WEB_CONCURRENCY": "1"}
    environment = clean_environment(**(ours | dict(settings or {})))
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_until(lambda: _answers(client), "the API to answer")
            yield client
        finally:
            process.terminate()
            process.wait(60)
            print(log.read_text(encoding="utf-8", errors="replace"))


@pytest.fixture(scope="session")
def api_process(embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server process for all tests of this folder."""
    with running_api(embedded_server.url, tmp_path_factory.mktemp("api") / "web.log") as client:
        yield client


@pytest.fixture
def client(api_process: Client, redis_url: str) -> Client:
    """A client of the API; Redis is empty when the test begins."""
    assert redis_url
    return api_process


@pytest.fixture
def start_api(tmp_path: Path) -> Iterator[StartApi]:
    """Starts the API over a Redis of the test's choice."""
    with ExitStack() as stack:
        yield lambda redis_url: stack.enter_context(running_api(redis_url, tmp_path / "web.log"))


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer with one key."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def closed(issuer: Issuer, redis_url: str) -> FlaskClient:
    """The application with ``AUTH=oauth``."""
    assert redis_url
    return client_for(issuer)


DRIPS = {
    "the headers": [b"HTTP/1.1 200 OK\r\nX-Long: "],
    "the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    "a body that ends with the connection": [b'HTTP/1.1 200 OK\r\n\r\n{"keys": [] '],
    "nothing": [],
}


@pytest.fixture(params=DRIPS.values(), ids=list(DRIPS))
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an issuer that sends the beginning of an answer, and then a byte now and then until it is cut."""

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(0.02)
            try:
                for begin in request.param:
                    self.request.sendall(begin)
                while True:
                    if request.param:
                        self.request.sendall(b" ")
                    with suppress(TimeoutError):
                        if not self.request.recv(65_536):
                            return
            except ConnectionError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
        server.shutdown()
