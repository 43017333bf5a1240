"""No secret that the service knows or hears is in its logs or its answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ..api.client import Client
from ..api.sign_in.provider import Provider
from ..service import PROCESSES, ROOT, Answer, RunningService, call, wait_until

REDIS_PASSWORD = "redis-password-8d1f"
METRICS_TOKEN = "metrics-token-77ab"
CLIENT_SECRET = "client-secret-41cd"


@pytest.fixture
def issuer() -> Iterator[Provider]:
    """An issuer of tokens, at which people sign in."""
    with Provider(secret=CLIENT_SECRET) as issuer:
        issuer.behaviour.gives_refresh_tokens = True
        yield issuer


@pytest.fixture
def guarded(tmp_path: Path, issuer: Provider) -> Iterator[RunningService]:
    """The real processes with secrets in all settings that hold one, and everything logged."""
    service = RunningService(
        tmp_path, settings={**issuer.settings, "METRICS_TOKEN": METRICS_TOKEN, "LOG_LEVEL": "DEBUG"}
    )
    # A server without passwords takes any.
    service._settings["REDIS_URL"] = f"redis://default:{REDIS_PASSWORD}@127.0.0.1:{service.server.port}/0"
    with service:
        yield service


def _said_by(service: RunningService, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=service.environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def _signed_in(service: RunningService, issuer: Provider) -> tuple[str, ...]:
    """What the browser keeps of somebody who signs in, and tries the issuer's answer a second time."""
    client = Client(service.port)
    asked = client.get("/dashboard/sign-in", Accept="text/html")
    attempt = str(asked.headers["Set-Cookie"]).partition(";")[0]
    back = urlsplit(issuer.authorize(str(asked.headers["Location"])))
    done, again = (client.get(f"{back.path}?{back.query}", Cookie=attempt) for _ in range(2))
    assert (done.status, again.status) == (303, 400)
    [session] = [c for c in done.headers.get_all("Set-Cookie", []) if c.startswith("lastin-session=")]
    return tuple(cookie.partition(";")[0].partition("=")[2] for cookie in (attempt, session))


def test_a_run_with_faults_shows_no_secret(guarded: RunningService, issuer: Provider) -> None:
    token, expired = issuer.token(), issuer.token(exp=1)
    good, answers = {"Authorization": f"Bearer {token}"}, []

    def ask(method: str, path: str, **headers: str) -> Answer:
        body = {"message": "a"} if method == "POST" else None
        answer = call(method, guarded.url + path, body, headers)
        answers.append(answer)
        return answer

    job = ask("POST", "/v1/jobs", **good).json
    wait_until(lambda: ask("GET", f"/v1/jobs/{job['id']}", **good).json["status"] == "processed", "the job to run")
    assert ask("GET", "/v1/jobs", Authorization=f"Bearer {expired}").status == 401
    assert ask("GET", f"/v1/jobs?access_token={token}").status == 401
    assert ask("GET", f"/v1/jobs?access_token={token}", **good).status == 400
    assert ask("GET", "/v1/jobs", Authorization=f"Basic {token}").status == 401
    assert ask("GET", "/metrics", Authorization=f"Bearer {METRICS_TOKEN}").status == 200
    assert ask("GET", "/metrics", Authorization=f"Bearer {token}").status == 401
    kept = _signed_in(guarded, issuer)
    guarded.kill("redis")
    assert ask("POST", "/v1/jobs", **good).status == 503
    assert ask("GET", "/readyz").status == 503
    assert ask("GET", "/metrics", Authorization=f"Bearer {METRICS_TOKEN}").status == 200
    said = [
        _said_by(guarded, "scheduler", "open", "--queue", "default"),
        _said_by(guarded, "middleware.diagnosis.audit"),
        *(_said_by(guarded, "cli", command) for command in ("jobs", "open", "audit", "version")),
    ]
    guarded._settings |= {"LASTIN_URL": guarded.url, "LASTIN_TOKEN": expired}
    said += [_said_by(guarded, "cli", command) for command in ("jobs", "version")]
    guarded.server.start()
    said += [_said_by(guarded, "scheduler", "check")]

    said += [guarded.log(name) for name in PROCESSES]
    said += [f"{answer.headers}\n{answer.body.decode()}" for answer in answers]
    tokens = (token, expired, token.rpartition(".")[2], expired.rpartition(".")[2])
    given = (*issuer.codes, *issuer.refresh_tokens, *issuer.signed, *kept)
    assert len(given) == 6
    for secret in (REDIS_PASSWORD, METRICS_TOKEN, CLIENT_SECRET, *tokens, *given):
        found = [text for text in said if secret in text]
        assert not found, f"{secret} is in: {found[0][:2000]}"
