"""No secret that the service knows or hears is in its logs or its answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..api.issuer import Issuer
from ..service import PROCESSES, ROOT, Answer, RunningService, call, wait_until

REDIS_PASSWORD = "redis-password-8d1f"
METRICS_TOKEN = "metrics-token-77ab"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer of tokens."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def guarded(tmp_path: Path, issuer: Issuer) -> Iterator[RunningService]:
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


def test_a_run_with_faults_shows_no_secret(guarded: RunningService, issuer: Issuer) -> None:
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
    guarded.kill("redis")
    assert ask("POST", "/v1/jobs", **good).status == 503
    assert ask("GET", "/readyz").status == 503
    assert ask("GET", "/metrics", Authorization=f"Bearer {METRICS_TOKEN}").status == 200
    said = [
        _said_by(guarded, "scheduler", "open", "--queue", "default"),
        _said_by(guarded, "middleware.diagnosis.audit"),
    ]
    guarded.server.start()
    said += [_said_by(guarded, "scheduler", "check")]

    said += [guarded.log(name) for name in PROCESSES]
    said += [f"{answer.headers}\n{answer.body.decode()}" for answer in answers]
    for secret in (REDIS_PASSWORD, METRICS_TOKEN, token, expired, token.rpartition(".")[2], expired.rpartition(".")[2]):
        found = [text for text in said if secret in text]
        assert not found, f"{secret} is in: {found[0][:2000]}"
