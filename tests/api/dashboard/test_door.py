"""Who is let in, what everybody may load, and what is told while Redis is away."""

from __future__ import annotations

import gzip

import pytest
from flask import g
from flask.testing import FlaskClient

import api
from api.access.auth import Caller
from api.access.scopes import ADMIN, READ, WRITE, is_page
from api.dashboard import assets
from local.embedded import free_port
from middleware.queues.policy import Policy
from tasks import broker

from ..client import Client
from ..conftest import StartApi
from .browser import send, submitted, words_of

MOST_BYTES = 70_000
READ_BY_BROWSERS = (".css", ".js", ".svg")


def test_the_dashboard_is_closed_where_nobody_can_sign_in(closed: FlaskClient) -> None:
    for path in ("", "/jobs", "/queues/default", "/history", "/nothing"):
        answer = closed.get(f"/dashboard{path}", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
        assert (answer.status_code, "Waiting" in answer.text) == (403, False), path
    for path in ("/queues/default/pause", "/jobs/act", "/tasks/process_message"):
        assert closed.post(f"/dashboard{path}", data={"reason": "x"}).status_code == 403
    assert closed.get("/dashboard/static/dashboard.css").status_code == 200


@pytest.mark.parametrize(("scopes", "buttons"), [({READ}, 0), ({READ, WRITE}, 1), ({READ, WRITE, ADMIN}, 3)])
def test_whoever_may_not_change_a_thing_sees_no_button_for_it(redis_url: str, scopes: set[str], buttons: int) -> None:
    submitted(1)
    broker.windows.put_policy("default", Policy())
    app = api.create_app()
    app.config["AUTH"] = "oauth"  # as if the guard had let them in

    @app.before_request
    def signed_in() -> None:
        g.caller = Caller("kim@example.com", frozenset(scopes), "Kim")

    browser = app.test_client()
    pages = "".join(browser.get(f"/dashboard{path}").text for path in ("/jobs", "/queues/default"))

    shown = [word for word in ("Cancel…", "Pause…", "Open a window…") if word in pages]
    assert len(shown) == buttons, shown
    assert "Kim" in pages
    assert "Sign out" in pages
    assert ("Submit one" in browser.get("/dashboard/tasks/process_message").text) == (WRITE in scopes)


def test_every_form_says_what_it_needs() -> None:
    rules = [rule for rule in api.create_app().url_map.iter_rules() if "POST" in (rule.methods or ())]
    views = {rule.rule: api.create_app().view_functions[rule.endpoint] for rule in rules if is_page(rule.rule)}

    needed = {path: view.__dict__["_apidoc"]["scope"] for path, view in views.items()}
    assert {path for path, scope in needed.items() if scope == ADMIN} == {
        *(f"/dashboard/queues/<name>/{what}" for what in ("pause", "resume", "open")),
        *(f"/dashboard/recurring/<name>/{what}" for what in ("pause", "resume")),
        "/dashboard/windows/<id>/close",
    }
    assert set(needed.values()) == {WRITE, ADMIN}


def test_assets_are_compressed_and_kept_for_a_year(client: Client) -> None:
    version = assets.asset("dashboard.css").version

    plain = client.get("/dashboard/static/dashboard.css")
    packed = client.get(f"/dashboard/static/dashboard.css?v={version}", **{"Accept-Encoding": "gzip, br"})

    assert plain.headers["Cache-Control"] == "no-cache"
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_all_assets_together_are_small() -> None:
    sizes = {name: len(assets.asset(name).compressed) for name in assets.names() if name.endswith(READ_BY_BROWSERS)}

    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_only_assets_are_given_out(client: Client) -> None:
    for path in ("vendor/README.md", "vendor/htmx.LICENSE", "../assets.py", "%2e%2e/assets.py", "nothing.js"):
        assert client.get(f"/dashboard/static/{path}").status == 404, path


def test_an_outage_is_told_on_the_page_within_a_second(start_api: StartApi) -> None:
    client = start_api(f"redis://127.0.0.1:{free_port()}")

    for path in ("", "/jobs", "/jobs/x", "/queues", "/windows", "/tasks", "/workers"):
        answer = client.get(f"/dashboard{path}")
        assert answer.status == 503, path
        assert "Redis doesn't answer" in words_of(answer.body.decode())
        assert answer.headers["Retry-After"] == "2"
        assert "data-retry" in answer.body.decode()
    # What a form asked for isn't asked for again by itself: it may have been done.
    sent = send(client, "/dashboard/tasks/process_message", {"payload.message": "x"})
    assert (sent.status, "data-retry" in sent.body.decode()) == (503, False)
    assert "Go back" in words_of(sent.body.decode())
    polled = client.get("/dashboard", **{"HX-Request": "true"})
    assert (polled.status, polled.body.decode().startswith("Redis doesn't answer")) == (503, True)
