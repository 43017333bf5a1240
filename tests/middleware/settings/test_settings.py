"""The settings: one reader, checked once, with errors that say what is allowed."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from limits import parse_many

from middleware.errors import SettingsError
from middleware.settings import Settings, declared

from ...service import python

REFUSED = {
    "REDIS_URL": ["localhost:6379", "http://127.0.0.1:6379", "redis:"],
    "PORT": ["0", "65536", "-1", "8000.0", "1_000", "eight", "٣", " 80"],
    "WEB_CONCURRENCY": ["0", "257", "two"],
    "WEB_THREADS": ["0", "1025"],
    "AUTH": ["on", "OFF", "true"],
    "OAUTH_JWKS_URL": [
        "issuer.example.com",
        "http://issuer.example.com/jwks",
        "file:///etc/keys",
        "https://",
        "https:",
    ],
    "OAUTH_SCOPES": [",", "openid jobs:read", 'a"b', "a\\b,c", "é"],
    "OAUTH_AUDIENCE_PARAMETER": ["aud", "Resource"],
    "DASHBOARD_URL": [
        "jobs.example.com/dashboard",
        "http://jobs.example.com/dashboard",
        "https://jobs.example.com",
        "https://jobs.example.com/jobs/dashboard",
        "https://jobs.example.com/dashboard?a=b",
        "https://jobs.example.com/dashboard#a",
        "https://somebody@jobs.example.com/dashboard",
        "https:///dashboard",
        "https://[/dashboard",
    ],
    "WORKER_PROCESSES": ["0", "257"],
    "WORKER_THREADS": ["0", "1025"],
    "WORKER_SHUTDOWN_MS": ["-1", "4s"],
    "LEASE_S": ["0", "0.1", "nan", "inf", "-5", "3601", "fifteen"],
    "CRASH_LIMIT": ["0", "1001"],
    "MAX_BODY_BYTES": ["1023", "1MiB"],
    "RATE_LIMIT": ["100", "0/minute", "5/fortnight", "5 a minute", "5/minute;", "-5/minute", "٣/minute"],
    "LASTIN_URL": [
        "jobs.example.com",
        "ftp://jobs.example.com",
        "https://",
        "https://a:b@c",
        "https://a?b",
        "http://a:x",
    ],
    "LOG_LEVEL": ["info", "TRACE", "20"],
    "LOG_FORMAT": ["text", "JSON"],
    "DURABILITY": ["no", "Always"],
}


@pytest.fixture(autouse=True)
def no_embedded_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a clone in which no ``make run`` runs."""
    note = tmp_path / "redis-url"
    monkeypatch.setattr(declared, "EMBEDDED_URL_FILE", note)
    return note


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()


@pytest.mark.parametrize("name", [field.metadata["name"] for field in dataclasses.fields(Settings)])
def test_an_empty_variable_counts_as_unset(name: str) -> None:
    assert Settings.from_environ({name: ""}) == Settings()


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts])
def test_an_unreadable_setting_is_named_with_what_it_holds_and_what_it_may_hold(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be (a|one of) .+, but holds ") as raised:
        Settings.from_environ({name: text})

    assert name == "REDIS_URL" or repr(text) in str(raised.value)


def test_the_url_of_another_users_server_is_asked_for(
    no_embedded_server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: str) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(SettingsError, match="REDIS_URL isn't set, and only the user who runs `make run` may read"):
        Settings.from_environ({})


def test_a_redis_url_is_not_shown_for_it_may_hold_a_password() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({"REDIS_URL": "redi://:secret@example.com"})

    assert "secret" not in str(raised.value)


OAUTH = {
    "AUTH": "oauth",
    "OAUTH_ISSUER": "https://issuer.example.com",
    "OAUTH_AUDIENCE": "jobs",
    "OAUTH_JWKS_URL": "https://issuer.example.com/jwks",
}


@pytest.mark.parametrize("missing", ["OAUTH_ISSUER", "OAUTH_AUDIENCE", "OAUTH_JWKS_URL"])
def test_tokens_cant_be_checked_without_knowing_whose_and_what_for(missing: str) -> None:
    assert Settings.from_environ(OAUTH).auth == "oauth"
    with pytest.raises(SettingsError, match=rf"AUTH=oauth needs .*: set {missing} too"):
        Settings.from_environ({**OAUTH, missing: ""})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/jwks", "http://localhost/jwks", "http://[::1]:1/jwks"])
def test_keys_may_come_without_tls_from_this_machine_only(url: str) -> None:
    assert Settings.from_environ({"OAUTH_JWKS_URL": url}).oauth_jwks_url == url


@pytest.mark.parametrize("url", ["https://jobs.example.com/a/", "http://127.0.0.1:1", "http://localhost"])
def test_an_access_token_goes_where_nobody_can_read_it(url: str) -> None:
    given = {"LASTIN_URL": url, "LASTIN_TOKEN": "abc.def-_~+/=="}

    assert Settings.from_environ(given).lastin_url == url.rstrip("/")
    with pytest.raises(SettingsError, match="LASTIN_TOKEN is sent over https:// only"):
        Settings.from_environ({**given, "LASTIN_URL": "http://jobs.example.com"})


@pytest.mark.parametrize("text", ["two words", "two\nlines", "ü"])
def test_an_access_token_that_cannot_be_one_is_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="LASTIN_TOKEN must be an access token") as raised:
        Settings.from_environ({"LASTIN_TOKEN": text})

    assert text not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["https://jobs.example.com/dashboard", "https://jobs.example.com:8443/dashboard", "http://[::1]:1/dashboard"]
)
def test_the_dashboards_address_may_end_with_a_slash(url: str) -> None:
    for text in (url, f"{url}/"):
        assert Settings.from_environ({"DASHBOARD_URL": text}).dashboard_url == url


def test_scopes_keep_their_order() -> None:
    assert Settings.from_environ({"OAUTH_SCOPES": "openid, jobs:read,"}).oauth_scopes == ("openid", "jobs:read")


def test_a_clients_secret_needs_a_client_and_is_not_shown() -> None:
    with pytest.raises(SettingsError, match="set OAUTH_CLIENT_ID too") as raised:
        Settings.from_environ({"OAUTH_CLIENT_SECRET": "hush"})

    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("issuer", ["http://issuer.example.com", "issuer", "https://a@issuer.example.com"])
def test_people_are_sent_only_to_an_issuer_that_nobody_on_the_way_can_be(issuer: str) -> None:
    assert Settings.from_environ({**OAUTH, "OAUTH_ISSUER": issuer}).oauth_issuer == issuer
    with pytest.raises(SettingsError, match="With OAUTH_CLIENT_ID, OAUTH_ISSUER must be a URL that starts with https"):
        Settings.from_environ({**OAUTH, "OAUTH_ISSUER": issuer, "OAUTH_CLIENT_ID": "dashboard"})


@pytest.mark.parametrize("text", ["100/minute", "5 per 2 seconds", "5/second;1000/hour", "5/SECOND, 7 per day|8/hour"])
def test_rate_limits_are_those_that_flask_limiter_reads(text: str) -> None:
    assert Settings.from_environ({"RATE_LIMIT": text}).rate_limit == text
    assert len(parse_many(text)) == len(re.split("[,;|]", text))


def test_the_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_queues_are_names_with_commas_between() -> None:
    assert Settings.from_environ({"QUEUES": "default, mail,,"}).queues == {"default", "mail"}


def test_on_heroku_every_address_is_listened_on_unless_host_says_otherwise() -> None:
    assert Settings.from_environ({"DYNO": "web.1"}).host == "0.0.0.0"
    assert Settings.from_environ({"DYNO": "web.1", "HOST": "127.0.0.1"}).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "is_public"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("10.1.2.3", True)]
)
def test_a_host_that_is_not_loopback_is_public(host: str, is_public: bool) -> None:
    assert Settings(host=host).is_public is is_public


def test_the_embedded_server_is_found_by_its_note_unless_redis_url_is_set(no_embedded_server: Path) -> None:
    no_embedded_server.write_text("redis://127.0.0.1:4321/0\n")

    assert Settings.from_environ({}).redis_url == "redis://127.0.0.1:4321/0"
    assert Settings.from_environ({"REDIS_URL": "redis://elsewhere"}).redis_url == "redis://elsewhere"


@pytest.mark.parametrize("command", [["-m", "api"], ["-m", "scheduler"], ["-m", "local"], ["-m", "dramatiq", "tasks"]])
def test_a_program_ends_with_status_2_and_one_line_about_the_setting(command: list[str]) -> None:
    done = python(*command, PORT="x")

    assert done.returncode == 2
    assert "lastin: PORT must be a whole number from 1 to 65535, but holds 'x'." in done.stderr.splitlines()
    assert "Traceback" not in done.stderr + done.stdout
