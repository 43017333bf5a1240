"""How many requests a client may send, and what it hears of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask import Flask

import api
from api.access import clients
from local.embedded import EmbeddedServer, free_port
from middleware.commands import keys
from middleware.settings import Settings
from tests.service import wait_until

from .closed import settings_for
from .issuer import Issuer

MakeApp = Callable[..., Flask]
POLICY = '"3-per-3600s";q=3;w=3600'


@pytest.fixture
def limited(redis_url: str) -> MakeApp:
    """Makes the application with three requests an hour, and other settings of the test's."""
    return lambda **more: api.create_app(Settings(**{"redis_url": redis_url, "rate_limit": "3/hour", **more}))


def _statuses(app: Flask, times: int = 4, path: str = "/v1/jobs", **options: Any) -> list[int]:
    return [app.test_client().get(path, **options).status_code for _ in range(times)]


def _from(address: str) -> dict[str, Any]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_a_client_that_sends_too_much_is_shown_to_wait(limited: MakeApp) -> None:
    client = limited().test_client()

    left = [client.get("/v1/jobs").headers["RateLimit"] for _ in range(3)]
    refused = client.get("/v1/jobs")

    assert [re.fullmatch(r'"3-per-3600s";r=(\d);t=\d+', text)[1] for text in left] == ["2", "1", "0"]  # type: ignore[index]
    assert refused.status_code == 429
    assert refused.json["type"] == "/problems/rate-limited"
    assert refused.headers["RateLimit-Policy"] == POLICY
    assert refused.headers["RateLimit"].startswith('"3-per-3600s";r=0;t=')
    assert 3500 < int(refused.headers["Retry-After"]) <= 3601


def test_all_operations_count_together_and_so_do_all_processes(limited: MakeApp) -> None:
    first, second = limited(), limited()

    assert _statuses(first, 2) == [200, 200]
    assert _statuses(second, 2, "/v1/tasks") == [200, 429]


def test_several_limits_hold_at_once(limited: MakeApp) -> None:
    app = limited(rate_limit="2/hour;100/day")

    answer = app.test_client().get("/v1/jobs")

    assert answer.headers["RateLimit-Policy"] == '"2-per-3600s";q=2;w=3600, "100-per-86400s";q=100;w=86400'
    assert _statuses(app, 2) == [200, 429]


def test_each_address_has_a_count_of_its_own(limited: MakeApp) -> None:
    app = limited()

    assert _statuses(app, **_from("192.0.2.1")) == [200, 200, 200, 429]
    assert _statuses(app, **_from("192.0.2.2")) == [200, 200, 200, 429]


def test_the_addresses_of_one_ipv6_network_are_one_client(limited: MakeApp) -> None:
    app = limited()

    statuses = [_statuses(app, 1, **_from(f"2001:db8:1:2::{n}"))[0] for n in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert _statuses(app, 1, **_from("2001:db8:1:3::1")) == [200]


def test_with_tokens_each_subject_has_a_count_of_its_own(limited: MakeApp, issuer: Issuer) -> None:
    app = limited(**settings_for(issuer))

    assert _statuses(app, headers=issuer.bearer(sub="one")) == [200, 200, 200, 429]
    assert _statuses(app, headers=issuer.bearer(sub="two")) == [200, 200, 200, 429]


def test_whoever_guesses_tokens_is_counted_by_address(limited: MakeApp, issuer: Issuer) -> None:
    app = limited(**settings_for(issuer))

    assert _statuses(app, headers={"Authorization": "Bearer a.b.c"}) == [401, 401, 401, 429]
    assert _statuses(app, 1, headers=issuer.bearer()) == [200]


def test_what_is_open_to_everybody_is_not_counted(limited: MakeApp) -> None:
    assert _statuses(limited(), 5, "/healthz") == [200] * 5


def test_counts_lie_in_redis_and_expire(limited: MakeApp, redis_client: redis.Redis) -> None:
    _statuses(limited(), 1)

    [key] = redis_client.keys(f"{keys.rate_limits()}:*")
    assert 0 < redis_client.ttl(key) <= 3600


def test_without_the_setting_nobody_is_counted(limited: MakeApp) -> None:
    answer = limited(rate_limit=None).test_client().get("/v1/jobs")

    assert "RateLimit" not in answer.headers


def test_without_redis_each_process_counts_by_itself_and_says_so_once(
    limited: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = limited(redis_url=f"redis://127.0.0.1:{free_port()}/0")

    # /v1/tasks needs no Redis, but is counted.
    statuses = _statuses(app, 4, "/v1/tasks")

    assert statuses == [200, 200, 200, 429]
    assert [record.levelname for record in caplog.records if record.name == "flask-limiter"] == ["WARNING"]


def test_a_redis_that_goes_away_between_count_and_answer_is_no_error(
    limited: MakeApp, own_server: EmbeddedServer
) -> None:
    app = limited(redis_url=own_server.url)
    app.add_url_rule("/v1/kill", view_func=lambda: own_server.kill() or "killed")

    answer = app.test_client().get("/v1/kill")

    assert (answer.status_code, answer.data) == (200, b"killed")
    assert _statuses(app, 1, "/v1/tasks") == [200]


def test_redis_counts_again_when_it_is_back(limited: MakeApp, own_server: EmbeddedServer) -> None:
    app = limited(redis_url=own_server.url, rate_limit="1000000/hour")
    own_server.kill()
    assert _statuses(app, 1, "/v1/tasks") == [200]
    own_server.start()

    def is_counted() -> bool:
        _statuses(app, 1, "/v1/tasks")
        with own_server.client() as client:
            return bool(client.keys(f"{keys.rate_limits()}:*"))

    wait_until(is_counted, "Redis to count again")


def test_the_client_is_the_whole_address_or_network() -> None:
    assert clients._network("192.0.2.1") == "192.0.2.1"
    assert clients._network("::ffff:192.0.2.1") == "::ffff:192.0.2.1"
    assert clients._network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert clients._network("") == ""
