"""What browsers are told, and what pages of other sites can't do."""

from __future__ import annotations

import pytest

from .client import JSON, Client

SAME = ("nosniff", "DENY", "no-referrer", "same-origin", "same-origin")
NAMES = (
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Resource-Policy",
    "Cross-Origin-Opener-Policy",
)


@pytest.mark.parametrize(
    "path", ["/v1/jobs", "/v1/jobs/nothing", "/nothing", "/healthz", "/docs", "/", "/openapi.json"]
)
def test_every_answer_is_protected(client: Client, path: str) -> None:
    answer = client.get(path)

    assert tuple(answer.headers[name] for name in NAMES) == SAME
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_pages_run_scripts_of_this_origin_and_answers_none(client: Client) -> None:
    assert "script-src 'self';" in client.get("/docs").headers["Content-Security-Policy"]
    assert "script-src" not in client.get("/v1/jobs").headers["Content-Security-Policy"]


def test_jobs_are_kept_in_no_cache(client: Client) -> None:
    for answer in (client.get("/v1/jobs"), client.post_job({"message": "a"}), client.get("/v1/jobs/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_plain_http_makes_no_promise_of_https(client: Client) -> None:
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


def test_no_other_origin_may_read_anything(client: Client) -> None:
    for method in ("GET", "OPTIONS"):
        sent = {"Origin": "https://elsewhere.example.com", "Access-Control-Request-Method": "POST"}
        answer = client.send(method, "/v1/jobs", headers=sent)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:{port}"},
        {"Origin": "https://elsewhere.example.com"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:{port}.example.com"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://[::1"},
        {"Origin": "//"},
    ],
    ids=repr,
)
def test_pages_of_other_sites_change_nothing(client: Client, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=client.port) for name, value in headers.items()}

    client.send("POST", "/v1/jobs", '{"message": "a"}', {**JSON, **sent}).problem(403, "cross-site")
    client.send("POST", "/v1/jobs/nothing/cancel", headers=sent).problem(403, "cross-site")
    assert client.get("/v1/jobs", **sent).json == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:{port}"}],
    ids=repr,
)
def test_pages_of_our_own_and_other_programs_may(client: Client, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=client.port) for name, value in headers.items()}

    assert client.post_job({"message": "a"}, **sent).status == 201
