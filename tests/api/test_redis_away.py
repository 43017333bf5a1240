"""Redis away: 503 within a second, with Retry-After, never a hang or a trace."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from local.embedded import EmbeddedServer, free_port
from tests.service import wait_until

from .client import JSON, Answer, Client
from .conftest import StartApi

OPERATIONS = {
    "submit": ("POST", "/v1/jobs", '{"message": "x"}'),
    "list": ("GET", "/v1/jobs", None),
    "show": ("GET", "/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057", None),
    "why": ("GET", "/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057/why", None),
    "stats": ("GET", "/v1/stats", None),
    "workers": ("GET", "/v1/workers", None),
    "queues": ("GET", "/v1/queues", None),
    "pause": ("POST", "/v1/queues/default/pause", '{"reason": "x"}'),
    "windows": ("GET", "/v1/windows", None),
    "open": ("POST", "/v1/windows", '{"queue": "default", "batch": 1, "lasts_s": 1}'),
    "ready": ("GET", "/readyz", None),
}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _timed(send: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.monotonic()
    return send(), time.monotonic() - began


def _assert_all_are_503_soon(client: Client) -> None:
    for name, (method, path, body) in OPERATIONS.items():
        answer, took_s = _timed(lambda m=method, p=path, b=body: client.send(m, p, b, JSON))  # type: ignore[misc]
        answer.problem(503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert took_s < 10, name


def test_a_port_that_nobody_listens_on(start_api: StartApi) -> None:
    client = start_api(f"redis://127.0.0.1:{free_port()}/0")

    _assert_all_are_503_soon(client)
    assert client.get("/healthz").status == 200
    assert client.get("/openapi.json").status == 200


def test_a_server_that_accepts_but_never_answers(start_api: StartApi, silent_port: int) -> None:
    client = start_api(f"redis://127.0.0.1:{silent_port}/0")

    _assert_all_are_503_soon(client)


def test_bad_requests_are_shown_so_although_redis_is_away(start_api: StartApi) -> None:
    client = start_api(f"redis://127.0.0.1:{free_port()}/0")

    client.post_job({"message": ""}).problem(400, "validation")


def test_redis_dies_and_comes_back(start_api: StartApi, own_server: EmbeddedServer) -> None:
    client = start_api(own_server.url)
    kept = client.post_job({"message": "before"}).json["id"]

    own_server.kill()
    _assert_all_are_503_soon(client)
    own_server.start()

    wait_until(lambda: client.get("/readyz").status == 200, "the API to be ready again")
    assert client.post_job({"message": "after"}).status == 201
    assert client.get(f"/v1/jobs/{kept}").status == 200


def test_a_full_redis_is_503_and_takes_jobs_again_when_there_is_room(
    start_api: StartApi, own_server: EmbeddedServer
) -> None:
    client = start_api(own_server.url)
    assert client.post_job({"message": "before"}).status == 201

    with own_server.client() as redis:
        redis.config_set("maxmemory", 1)
        answer = client.post_job({"message": "no room"})
        unready = client.get("/readyz")
        redis.config_set("maxmemory", 0)

    answer.problem(503, "queue-full")
    unready.problem(503, "queue-full")
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.post_job({"message": "room"}).status == 201


def test_a_server_that_cant_be_written_to_isnt_ready(start_api: StartApi, own_server: EmbeddedServer) -> None:
    client = start_api(own_server.url)
    with own_server.client() as redis:
        redis.replicaof("127.0.0.1", free_port())

    for method, path, body in (OPERATIONS["submit"], OPERATIONS["ready"]):
        client.send(method, path, body, JSON).problem(503, "unavailable")
