"""``lastin`` against an API elsewhere: tokens, problem documents, and what can go wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.embedded import free_port

from ..api.client import Client
from ..api.issuer import Issuer
from ..service import python
from .running import answered, run, submitted

Answer = Callable[[BaseHTTPRequestHandler], None]


def test_a_token_opens_what_its_scopes_allow(guarded: Client, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTIN_TOKEN", issuer.token("jobs:read jobs:write"))
    [id] = submitted("x")

    assert [job["id"] for job in answered("jobs")] == [id]
    assert [job["reason"] for job in answered("jobs", "cancel", id)] == ["requested (by somebody)"]
    refused = run("queues", "pause", "default", "--reason", "x")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "jobs:admin" in refused.stderr or "scope" in refused.stderr


@pytest.mark.usefixtures("guarded")
def test_a_token_that_may_only_write_cancels_all_the_same(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTIN_TOKEN", issuer.token("jobs:write"))
    a, _, _ = submitted(*"abc")

    assert [job["status"] for job in answered("jobs", "cancel", a)] == ["cancelled"]
    assert answered("jobs", "cancel", "--queue", "default")["count"] == 2
    assert run("jobs").exit_code == 1


@pytest.mark.parametrize("words", [("jobs",), ("submit", "x"), ("queues",), ("tail",)])
def test_without_a_good_token_it_says_what_to_set(
    guarded: Client, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    none = run(*words)
    token = issuer.token(exp=1)
    monkeypatch.setenv("LASTIN_TOKEN", token)
    expired = run(*words)

    assert (none.exit_code, none.stdout, len(none.stderr.splitlines())) == (1, "", 1)
    assert none.stderr.endswith("Set LASTIN_TOKEN.\n")
    assert expired.stderr.endswith("LASTIN_TOKEN holds none.\n")
    assert token not in expired.output


def test_nobody_there_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTIN_URL", f"http://127.0.0.1:{free_port()}")

    result = run("jobs")

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "can't be reached: Connection refused. Is LASTIN_URL right?" in result.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"LASTIN_URL": "jobs.example.com"}, "LASTIN_URL must be a URL"),
        ({"LASTIN_URL": "https://me:secret@jobs.example.com"}, "without a user"),
        ({"LASTIN_URL": "http://jobs.example.com", "LASTIN_TOKEN": "abc"}, "over https:// only"),
        ({"LASTIN_URL": "https://jobs.example.com", "LASTIN_TOKEN": "a b"}, "holds a value that isn't shown"),
        ({"PORT": "x"}, "PORT must be"),
    ],
)
def test_a_setting_that_cannot_be_read_ends_it_with_status_2(settings: dict[str, str], says: str) -> None:
    done = python("-m", "cli", "jobs", **settings)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert says in done.stderr


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def _broken_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[")


@pytest.mark.parametrize(
    ("answer", "says", "status"),
    [
        (_answer(200, b"<html>"), "doesn't answer as LastIn does", 1),
        (_answer(502, b"<html>bad</html>"), "answers 502 Bad Gateway", 1),
        (_answer(500, b'{"detail": "A fault.", "request_id": "abc", "errors": []}'), "A fault. (request abc)", 1),
        (_answer(400, b'{"detail": "\\u009b31m wrong", "errors": []}'), "\ufffd31m wrong", 2),
        (
            _answer(400, b'{"errors": [{"parameter": "a", "detail": "b."}, {"pointer": "/c", "detail": "d."}]}'),
            "a: b.; /c: d.",
            2,
        ),
        (_answer(403, b"[]"), "answers 403 Forbidden", 1),
        (_broken_off, "broke off its answer", 1),
    ],
)
def test_answers_that_are_no_lists_are_told_in_a_line(
    answer: Answer, says: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answer) as url:
        monkeypatch.setenv("LASTIN_URL", url)
        result = run("jobs")

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (status, "", 1), result.output
    assert says in result.stderr


def test_a_redirect_takes_the_token_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str | None] = []

    def listen(handler: BaseHTTPRequestHandler) -> None:
        heard.append(handler.headers.get("Authorization"))
        _answer(200, b"[]")(handler)

    with serving(listen) as elsewhere, serving(_answer(302, Location=elsewhere)) as url:
        monkeypatch.setenv("LASTIN_URL", url)
        monkeypatch.setenv("LASTIN_TOKEN", "secret")
        result = run("jobs")

    assert heard == []
    assert result.exit_code == 1
    assert f"leads on to {elsewhere}" in result.stderr
