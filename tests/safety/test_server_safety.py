"""A server that isn't set up safely: what is said of it, where, and when."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.processes.server_safety import SafetyWatch, ServerSafety, look
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ..least_rights import PASSWORD, USER, rules
from ..service import RunningService, wait_until
from .conftest import server_in

LOGGER = "middleware.processes.server_safety"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One server for all tests here, which set it up otherwise."""
    with server_in(tmp_path_factory.mktemp("safety") / "redis") as server:
        yield server


@pytest.fixture
def admin(server: EmbeddedServer) -> Iterator[redis.Redis]:
    """Sets the server up; afterwards it is as it was."""
    with server.client() as client:
        names = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy")
        before = {name: client.config_get(name)[name] for name in names}
        yield client
        for name, value in before.items():
            client.config_set(name, value)


@pytest.fixture
def link(server: EmbeddedServer) -> Iterator[Link]:
    link = Link(server.url, timeout_s=5)
    yield link
    link.close()


def test_the_embedded_server_is_safe(admin: redis.Redis, link: Link) -> None:
    found = look(link, "everysec")

    assert found.warnings == []
    assert found.unknown == []
    assert found == ServerSafety("everysec", 0, 0, True, True, "everysec", True, "noeviction")


@pytest.mark.parametrize(
    ("name", "value", "means"),
    [
        ("appendonly", "no", "all jobs since its last snapshot are lost"),
        ("appendfsync", "no", "about the last 30 s"),
        ("no-appendfsync-on-rewrite", "yes", "costs what was accepted in it"),
        ("maxmemory-policy", "allkeys-lru", "drops whole queues"),
        ("maxmemory-policy", "volatile-ttl", "drops idempotency keys"),
    ],
)
def test_what_isnt_safe_is_said_with_what_to_do(
    admin: redis.Redis, link: Link, name: str, value: str, means: str
) -> None:
    admin.config_set(name, value)

    [warning] = look(link, "everysec").warnings

    assert means in warning
    assert f"Set `{name} " in warning


@pytest.mark.parametrize(
    ("appendfsync", "durability", "is_true"),
    [
        ("everysec", "everysec", True),
        ("always", "everysec", True),
        ("always", "always", True),
        ("everysec", "always", False),
    ],
)
def test_durability_always_needs_a_server_that_syncs_always(
    admin: redis.Redis, link: Link, appendfsync: str, durability: str, is_true: bool
) -> None:
    admin.config_set("appendfsync", appendfsync)

    warnings = look(link, durability).warnings

    assert ["DURABILITY=always isn't true" in warning for warning in warnings] == ([] if is_true else [True])


def test_a_user_without_the_right_to_ask_is_shown_what_isnt_known(tmp_path: Path) -> None:
    with server_in(tmp_path / "redis", "--user", USER, *rules(), "--appendfsync", "always") as server:
        link = Link(f"redis://{USER}:{PASSWORD}@127.0.0.1:{server.port}/0", timeout_s=5)
        found = look(link, "everysec")
        [of_always] = look(link, "always").warnings
        link.close()

    assert found.warnings == []
    assert found.unknown == ["appendfsync"]
    assert (found.has_aof, found.maxmemory_policy) == (True, "noeviction")
    assert "It isn't known whether DURABILITY=always is true" in of_always


def test_a_server_that_says_nothing_is_no_error() -> None:
    assert ServerSafety("everysec").warnings == []
    assert ServerSafety("everysec").unknown == ["appendonly", "appendfsync", "maxmemory-policy"]


def test_it_is_logged_at_the_first_look_and_at_each_change(
    admin: redis.Redis, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    watch = SafetyWatch("everysec", every_s=0)

    def lines() -> list[tuple[str, bool]]:
        caplog.clear()
        watch.look_when_due(link)
        return [(record.levelname, "maxmemory-policy" in record.getMessage()) for record in caplog.records]

    assert lines() == []
    admin.config_set("maxmemory-policy", "allkeys-lru")
    assert lines() == [("WARNING", True)]
    assert lines() == []
    admin.config_set("appendfsync", "no")
    assert sorted(lines()) == [("WARNING", False), ("WARNING", True)]
    admin.config_set("appendfsync", "everysec")
    assert lines() == [("WARNING", True)]
    admin.config_set("maxmemory-policy", "noeviction")
    assert lines() == [("INFO", False)]
    assert lines() == []


def test_between_two_looks_redis_isnt_asked(admin: redis.Redis, link: Link) -> None:
    watch = SafetyWatch("everysec", every_s=60)
    first = watch.look_when_due(link)
    admin.config_set("maxmemory-policy", "allkeys-lru")

    assert watch.look_when_due(link) is first


def test_the_maintenance_looks_now_and_then(
    server: EmbeddedServer, admin: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    broker = LifoBroker(url=server.url, settings=Settings(lease_s=1))
    maintenance = broker.new_maintenance(safety=SafetyWatch("everysec", every_s=0))
    maintenance.start()
    try:
        admin.config_set("maxmemory-policy", "allkeys-lru")
        wait_until(lambda: "drops whole queues" in caplog.text, "the warning")
    finally:
        maintenance.stop()
        broker.close()


def test_every_program_warns_at_its_start_and_readyz_says_it_in_words(tmp_path: Path) -> None:
    words = "DURABILITY=always isn't true"
    with RunningService(tmp_path, settings={"DURABILITY": "always"}) as service:
        for name in ("web", "worker", "scheduler"):
            wait_until(lambda n=name: words in service.log(n), f"{name} to warn")  # type: ignore[misc]
        unsafe = service.get("/readyz")
        with service.server.client() as admin:
            admin.config_set("appendfsync", "always")
        wait_until(lambda: service.get("/readyz").json["warnings"] == [], "the API to look again")

        logged = {name: _warnings(service.lines(name)) for name in ("web", "worker", "scheduler")}

    assert unsafe.status == 200
    assert unsafe.json["status"] == "ok"
    assert [words in warning for warning in unsafe.json["warnings"]] == [True]
    assert {name: len(lines) for name, lines in logged.items()} == {"web": 1, "worker": 1, "scheduler": 1}


def _warnings(written: list[str]) -> list[Any]:
    lines = [json.loads(line) for line in written if line.startswith("{")]
    return [line for line in lines if line["level"] == "WARNING" and "DURABILITY" in line["message"]]
