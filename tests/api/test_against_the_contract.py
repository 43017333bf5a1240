"""The API against its own contract: made-up requests, and a client that is generated from ``openapi.yaml``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from tasks import broker
from tests.service import ROOT, RunningService

from .client import Client
from .test_recurring import NIGHTLY

PROGRAM = """
import sys
from lastin_client import Client
from lastin_client.api.jobs import cancel_job, list_jobs, show_job, submit_batch, submit_job
from lastin_client.models import MessageJob, NewBatchBody, Problem

client = Client(base_url=sys.argv[1], timeout=60)
job = submit_job.sync(client=client, body=MessageJob(message="newest first"), prefer="wait=25", idempotency_key="a")
assert job.status == "processed", job
assert job.result["words"] == 2, job.result
assert submit_job.sync(client=client, body=MessageJob(message="newest first"), idempotency_key="a").id == job.id
batch = submit_batch.sync(client=client, body=NewBatchBody(jobs=[MessageJob(message=str(n)) for n in range(3)]))
assert [one.payload["message"] for one in batch] == ["0", "1", "2"]
last = show_job.sync(batch[-1].id, client=client, prefer="wait=25")
assert last.status == "processed", last
listed = list_jobs.sync(client=client, limit=2, task="process_message")
assert [one.id for one in listed] == [batch[2].id, batch[1].id]
later = submit_job.sync(client=client, body=MessageJob(message="never", delay_s=3600.0))
assert cancel_job.sync(later.id, client=client).status == "cancelled"
assert isinstance(show_job.sync("nobody", client=client), Problem)
assert submit_job.sync_detailed(client=client, body=MessageJob(message=" ")).status_code == 400
print("done")
"""


ON_A_BUSY_MACHINE = ("--request-timeout", "60", "--suppress-health-check", "too_slow")
"""How slowly requests may be made up and answered there."""


@pytest.fixture
def windowed(client: Client) -> Client:
    """An API with jobs in several states, and queues whose windows can be opened."""
    for queue in ("default", "mail"):
        broker.windows.put_policy(queue, Policy(mode="windows", batch=2, close_when_empty=False))
    broker.recurring.put("default", [NIGHTLY])
    scripts = broker.redis.queue("default")
    jobs = client.post("/v1/jobs/batch", {"jobs": [{"message": str(n)} for n in range(6)]}).json
    assert len(jobs) == 6
    scripts.open_window("operator", None, None, None)
    [(id, attempt, _), _] = scripts.claim("w", 3_600_000_000, 2).jobs
    scripts.settle([Settlement(id, attempt, "rejected", reason="failed")], "w", 3_600_000_000, 0)
    return client


def _schemathesis(client: Client, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml"), "run"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{client.port}/openapi.json", "--no-color", *ON_A_BUSY_MACHINE, *options],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_made_up_requests_are_answered_as_the_contract_says(windowed: Client, tmp_path: Path) -> None:
    # With so few requests, chance decides whether each operation finds something: that would be a warning.
    _schemathesis(
        windowed, tmp_path, "--phases", "examples,fuzzing,stateful", "--max-examples", "2", "--warnings", "off"
    )


@pytest.mark.contract
@pytest.mark.timeout(900)
def test_thousands_of_made_up_requests_are_answered_as_the_contract_says(windowed: Client, tmp_path: Path) -> None:
    _schemathesis(windowed, tmp_path, "--max-examples", "60")


@pytest.mark.contract
@pytest.mark.timeout(300)
def test_a_client_generated_from_the_contract_submits_waits_and_lists(service: RunningService, tmp_path: Path) -> None:
    generate = [str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--meta", "none"]
    subprocess.run(
        [*generate, "--path", str(ROOT / "openapi.yaml"), "--output-path", "lastin_client"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, service.url], cwd=tmp_path, check=False, capture_output=True, text=True
    )

    assert done.stdout.strip() == "done", done.stderr


@pytest.mark.contract
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", ["sh", "python", "js"])
def test_the_examples_of_the_guide_run(service: RunningService, language: str) -> None:
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    program = "\n".join(re.findall(rf"```{language}\n(.*?)```", guide, re.DOTALL))
    command = {"sh": ["sh", "-e", "-c"], "python": [sys.executable, "-c"], "js": ["node", "--input-type=module", "-e"]}
    if shutil.which(command[language][0]) is None:
        pytest.skip(f"there is no {command[language][0]} here")

    done = subprocess.run(
        [*command[language], program.replace("http://127.0.0.1:8000", service.url)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "processed" in done.stdout or language == "sh"
