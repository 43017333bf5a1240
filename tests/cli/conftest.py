"""The command line in this process, over Redis itself and over a server process of the API with the same Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer

from ..api import app  # noqa: F401 (declares the tasks here that the served application has)
from ..api.client import Client
from ..api.conftest import running_api
from ..api.issuer import Issuer


@pytest.fixture(scope="session")
def api(embedded_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server process for all tests of this folder."""
    with running_api(embedded_server.url, tmp_path_factory.mktemp("api") / "web.log") as client:
        yield client


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis itself, unless a test says otherwise."""
    monkeypatch.delenv("LASTIN_URL", raising=False)
    monkeypatch.delenv("LASTIN_TOKEN", raising=False)


@pytest.fixture
def remote(redis_url: str, api: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    """The API over this run's Redis, which is empty when the test begins."""
    url = f"http://127.0.0.1:{api.port}"
    monkeypatch.setenv("LASTIN_URL", url)
    return url


@pytest.fixture(params=["local", "remote"])
def over(request: pytest.FixtureRequest, redis_url: str) -> str:
    """Both sources, one after the other, over an empty Redis."""
    word: str = request.param
    if word == "remote":
        request.getfixturevalue("remote")
    return word


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer with one key."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def guarded(redis_url: str, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """An API that asks for tokens, and LASTIN_URL leading there."""
    with ExitStack() as stack:
        client = stack.enter_context(running_api(redis_url, tmp_path / "web.log", issuer.settings))
        monkeypatch.setenv("LASTIN_URL", f"http://127.0.0.1:{client.port}")
        yield client
