"""Heroku and Dokku: each line of the Procfile as they run and end it, with a Redis behind a self-signed certificate."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer

from ..certificates import self_signed
from ..middleware.tls_proxy import TlsProxy
from ..service import wait_until
from .platform import GRACE_S, Platform

NAP = """
import pathlib, time
from marshmallow import fields
from tasks import task

@task(until=fields.String(required=True))
def nap(until):
    while not pathlib.Path(until).exists():
        time.sleep(0.05)
"""

MakePlatform = Callable[..., Platform]


@pytest.fixture
def platform(tmp_path: Path, own_server: EmbeddedServer) -> Iterator[MakePlatform]:
    """Makes the platform, whose Redis speaks TLS alone, with a certificate that nobody vouches for."""
    with ExitStack() as ending:
        proxy = ending.enter_context(TlsProxy(own_server.url, self_signed(tmp_path / "tls")))

        def make(**settings: str) -> Platform:
            return ending.enter_context(Platform(tmp_path / "app", proxy.url(), **settings))

        yield make


def test_every_line_ends_well_within_the_grace_and_loses_nothing(platform: MakePlatform) -> None:
    app = platform(AUTH="off", REDIS_TLS_VERIFY="0", WORKER_THREADS="2", CADENCE_DEFAULT_MODE="continuous")
    (app.folder / "tasks" / "nap.py").write_text(NAP, encoding="utf-8")
    for name in app.lines:
        app.start(name)
    app.wait_until_ready()
    awake, never = app.folder / "awake", app.folder / "never"
    short, long = _nap(app, awake), _nap(app, never)
    wait_until(lambda: {app.job(it)["status"] for it in (short, long)} == {"running"}, "both threads to be busy")
    waiting = _nap(app, never)

    with ThreadPoolExecutor() as pool, HalfSent(app.port, {"message": "under way"}) as half_sent:
        waits = pool.submit(app.call, "POST", "/v1/jobs", {"message": "waits"}, Prefer="wait=25")
        wait_until(lambda: queued(app) == 2, "the request that waits for its job")
        terminated_at = app.terminate()
        accepted = half_sent.finish()
        answered = waits.result()
        awake.touch()
        statuses = app.statuses(terminated_at)

    assert statuses == {"web": 0, "worker": 0, "scheduler": 0}
    assert accepted.startswith("HTTP/1.1 201 ")
    assert (answered.status, answered.json["status"]) == (201, "queued")
    app.start("web")
    app.wait_until_ready()
    assert app.job(short)["status"] == "processed"
    for put_back in map(app.job, (long, waiting)):
        assert (put_back["status"], put_back["place"]) == ("queued", put_back["seq"])
    assert queued(app) + int(app.call("GET", "/v1/queues/default").json["counts"]["processed"]) == 5


def _nap(app: Platform, until: Path) -> str:
    """A job that ends when a file is there; its id."""
    return str(app.call("POST", "/v1/jobs", {"task": "nap", "payload": {"until": str(until)}}).json["id"])


def queued(app: Platform) -> int:
    """How many jobs wait."""
    return int(app.call("GET", "/v1/queues/default").json["counts"]["queued"])


class HalfSent:
    """A request of which half of the body is there."""

    def __init__(self, port: int, body: object) -> None:
        self._body = json.dumps(body).encode()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=GRACE_S)
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(self._body)}\r\n"
        self._socket.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + self._body[:5])

    def finish(self) -> str:
        """Send the rest; the answer."""
        self._socket.sendall(self._body[5:])
        return self._socket.recv(65536).decode()

    def __enter__(self) -> HalfSent:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_web_listens_for_the_router_once_somebody_said_who_may_call(platform: MakePlatform) -> None:
    app = platform(AUTH="off", REDIS_TLS_VERIFY="0")
    app.start("web")
    app.wait_until_ready()

    assert app.call("GET", "/healthz", host="127.0.0.2").status == 200
    assert "AUTH is off and HOST is 0.0.0.0" in app.output("web")


def test_web_refuses_to_start_before_that_and_says_why(platform: MakePlatform) -> None:
    app = platform(REDIS_TLS_VERIFY="0")
    app.start("web")

    assert app.wait("web") == 2
    assert "HOST is 0.0.0.0, so other machines reach the API, but AUTH isn't set." in app.output("web")


def test_a_self_signed_redis_is_not_trusted_unless_somebody_said_so(platform: MakePlatform) -> None:
    app = platform(AUTH="off")
    app.start("web")
    answer = wait_until(lambda: app.answer("/readyz"), "web to answer")

    assert answer.status == 503
    wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in app.output("web"), "the reason in the log")
