"""Who is let in, what everybody may load, and what is told while Redis is away."""

from __future__ import annotations

import gzip

from flask.testing import FlaskClient

from api.dashboard import assets
from local.embedded import free_port

from ..client import Client
from ..conftest import StartApi
from .browser import words_of

MOST_BYTES = 70_000
READ_BY_BROWSERS = (".css", ".js", ".svg")


def test_the_dashboard_is_closed_where_tokens_are_asked_for(closed: FlaskClient) -> None:
    for path in ("", "/jobs", "/queues/default", "/history", "/nothing"):
        answer = closed.get(f"/dashboard{path}")
        assert answer.status_code == 403, path
        assert "The dashboard is closed" in answer.text
        assert "Jobs" not in answer.text
    for path in ("/queues/default/pause", "/jobs/act", "/tasks/process_message"):
        assert closed.post(f"/dashboard{path}", data={"reason": "x"}).status_code == 403
    assert closed.get("/dashboard/static/dashboard.css").status_code == 200


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
    polled = client.get("/dashboard", **{"HX-Request": "true"})
    assert (polled.status, polled.body.decode().startswith("Redis doesn't answer")) == (503, True)
