"""The names under which the API may be addressed."""

from __future__ import annotations

import pytest

import api
from middleware.settings import Settings

from .client import Client

OWN = ("localhost", "localhost:8000", "a.localhost", "LOCALHOST", "127.0.0.1:1", "[::1]:8000", "[::1]", "10.1.2.3")
FOREIGN = (
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "notlocalhost",
)


@pytest.mark.parametrize("host", OWN)
def test_addresses_and_localhost_are_own_names(client: Client, host: str) -> None:
    assert client.get("/v1/jobs", Host=host).status == 200


@pytest.mark.parametrize("host", [*FOREIGN, ""])
def test_a_name_that_may_point_here_by_somebodys_will_is_refused(client: Client, host: str) -> None:
    client.get("/v1/jobs", Host=host).problem(403, "foreign-host")
    client.post_job({"message": "a"}, Host=host).problem(403, "foreign-host")
    assert client.get("/v1/jobs").json == []


@pytest.mark.parametrize(
    "settings",
    [
        Settings(auth="oauth", oauth_issuer="https://a", oauth_audience="b", oauth_jwks_url="https://c"),
        Settings(host="0.0.0.0", auth="off"),
        Settings(trusted_proxies=1),
    ],
    ids=["tokens", "public", "proxy"],
)
def test_any_name_will_do_where_more_than_loopback_protects(settings: Settings) -> None:
    answer = api.create_app(settings).test_client().get("/healthz", headers={"Host": "jobs.example.com"})

    assert answer.status_code == 200
