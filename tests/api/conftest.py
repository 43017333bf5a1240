"""The HTTP API as a process of its own, over this run's Redis."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
    environment = clean_environment(REDIS_URL=redis_url, PORT=str(client.port), WEB_CONCURRENCY="1", **(settings or {}))
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
