"""A real Prometheus with our configuration beside the real service: jobs run, and their metrics are read back."""

from __future__ import annotations

import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.embedded import free_port

from ..service import ROOT, RunningService, call, wait_until
from .cadence import with_a_recurring_job
from .names import ALERTS, queries, rules_of

pytestmark = [
    pytest.mark.observe,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus isn't installed (Debian: prometheus)"),
]

JOBS = 30
TOKEN = "a-token-for-this-test"
NEEDS_EVENTS = {"Claims a window A", "Exceptions and unconfirmed, 10 min A", "Memory B"}
"""Panels that show nothing where nothing happened: no window with claims in ten minutes, no limit of memory."""


class Prometheus:
    """A Prometheus that scrapes one service every second, with the configuration of ``deploy/prometheus``."""

    def __init__(self, folder: Path, service: RunningService) -> None:
        self._url = f"http://127.0.0.1:{(port := free_port())}"
        shutil.copytree(ROOT / "deploy" / "prometheus", folder)
        (folder / "token").write_text(TOKEN)
        configuration = (folder / "prometheus.yml").read_text(encoding="utf-8")
        for ours, theirs in {
            "15s": "1s",
            "127.0.0.1:8000": f"127.0.0.1:{service.port}",
            "# authorization:": "authorization:",
            "#   credentials_file: /etc/prometheus/lastin-token": "  credentials_file: token",
        }.items():
            assert ours in configuration, ours
            configuration = configuration.replace(ours, theirs)
        (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers; None while it isn't ready."""
        try:
            answer = call("GET", f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        except OSError:
            return None
        assert answer.status != 400, answer.body
        return answer.json["data"] if answer.status == 200 else None

    def values(self, query: str) -> list[float]:
        """The values of a query at this moment."""
        data = self.ask("query", query=query)
        if data is None:
            return []
        found = [data["result"]] if data["resultType"] == "scalar" else [row["value"] for row in data["result"]]
        return [float(value) for _, value in found]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    settings = {"METRICS_TOKEN": TOKEN, "WORKER_METRICS_PORT": "0"}
    settings |= with_a_recurring_job(tmp_path_factory.mktemp("cadence"))
    with RunningService(tmp_path_factory.mktemp("service"), settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, service: RunningService) -> Iterator[Prometheus]:
    running = Prometheus(tmp_path_factory.mktemp("prometheus") / "configuration", service)
    wait_until(lambda: running.values("up") == [1], "the first scrape", patience_s=60)
    yield running
    running.stop()


def submit(service: RunningService, count: int) -> None:
    jobs = [service.post("/v1/jobs", {"message": f"message {number}"}).json["id"] for number in range(count)]
    for job in jobs:
        service.wait_for_job(job)


def test_jobs_that_ran_are_read_back(service: RunningService, prometheus: Prometheus) -> None:
    submit(service, JOBS)

    for query in (
        'sum(lastin_jobs_finished_total{task="process_message",outcome="processed"})',
        'sum(lastin_queue_jobs{queue="default",state="processed"})',
        "sum(lastin_job_run_seconds_count)",
        'sum(flask_http_request_total{method="POST",status="201"})',
    ):
        wait_until(lambda query=query: prometheus.values(query) == [JOBS], f"{query} to be {JOBS}", patience_s=60)
    assert prometheus.values("lastin_order_inversions_total") == [0]


def test_rules_are_evaluated_and_no_alert_fires_while_all_is_well(
    service: RunningService, prometheus: Prometheus
) -> None:
    submit(service, 5)
    wait_until(lambda: prometheus.values("lastin:jobs_accepted:rate5m"), "a recorded rate", patience_s=60)

    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    alerts = [rule for rule in rules if rule["type"] == "alerting"]

    assert {rule["name"] for rule in alerts} == {rule["alert"] for rule in rules_of(ALERTS)}
    assert {rule["health"] for rule in alerts} == {"ok"}
    assert [rule["name"] for rule in alerts if rule["state"] == "firing"] == []


def test_every_query_of_the_dashboard_shows_something(service: RunningService, prometheus: Prometheus) -> None:
    submit(service, 3)
    wait_until(lambda: len(prometheus.values("process_open_fds")) >= 5, "all processes to report", patience_s=60)

    def silent() -> list[str]:
        return [title for title, query in queries() if title not in NEEDS_EVENTS and not prometheus.values(query)]

    wait_until(lambda: not silent(), f"every panel to show something; at first silent: {silent()}", patience_s=60)


def test_redis_that_is_away_is_seen_as_that(service: RunningService, prometheus: Prometheus) -> None:
    service.kill("redis")

    wait_until(lambda: prometheus.values("lastin_redis_up") == [0], "Redis to be away", patience_s=60)
    wait_until(lambda: prometheus.values("up") == [1], "the API to be scraped all the same", patience_s=60)
    service.server.start()
    wait_until(lambda: prometheus.values("lastin_redis_up") == [1], "Redis to be back", patience_s=60)
