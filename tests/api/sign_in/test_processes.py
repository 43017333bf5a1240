"""The real server, with two processes: a session belongs to none of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ...service import Answer
from ..client import Client
from ..conftest import SERVE, running_api
from .app import PAGE
from .browser import PAGE_LOAD
from .provider import Provider

SERVE_PAGES = SERVE.replace("tests.api.app", "tests.api.sign_in.app")


def _cookies(answer: Answer) -> dict[str, str]:
    set_cookies = answer.headers.get_all("Set-Cookie") or []
    return dict(cookie.split(";")[0].split("=", 1) for cookie in set_cookies)


def _load(client: Client, path: str, cookies: Mapping[str, str]) -> Answer:
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
    return client.send("GET", path, headers={**PAGE_LOAD, **sent})


def _sign_in(client: Client, provider: Provider) -> dict[str, str]:
    """Every request over a connection of its own, which any process may take."""
    led = _load(client, PAGE, {})
    asked = _load(client, led.headers["Location"], {})
    back = urlsplit(provider.authorize(asked.headers["Location"]))
    done = _load(client, f"{back.path}?{back.query}", _cookies(asked))
    assert (done.status, done.headers["Location"]) == (303, PAGE), done.body
    return {name: value for name, value in _cookies(done).items() if value}


def test_sessions_belong_to_no_process_and_outlive_all_of_them(
    provider: Provider, redis_url: str, tmp_path: Path
) -> None:
    settings = {**provider.settings, "WEB_CONCURRENCY": "2"}
    with running_api(redis_url, tmp_path / "web.log", settings, serve=SERVE_PAGES) as client:
        signed_in = [_sign_in(client, provider) for _ in range(5)]
        seen = [_load(client, PAGE, cookies) for cookies in signed_in for _ in range(4)]
        assert [answer.status for answer in seen] == [200] * 20
    with running_api(redis_url, tmp_path / "web.log", settings, serve=SERVE_PAGES) as client:
        assert _load(client, PAGE, signed_in[0]).json["name"] == "Ada Lovelace"
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in signed_in[0].items())}
        assert client.send("POST", "/dashboard/sign-out", headers=cookies).status == 303
        assert [_load(client, PAGE, signed_in[0]).status for _ in range(6)] == [303] * 6
        assert _load(client, PAGE, signed_in[1]).status == 200
