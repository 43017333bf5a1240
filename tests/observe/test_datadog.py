"""DataDog instead of Prometheus: the Agent's configuration, and its check against the real ``/metrics``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from middleware.metrics.definitions import METRICS

from ..service import ROOT, RunningService, clean_environment, wait_until
from .cadence import with_a_recurring_job

FOLDER = ROOT / "deploy" / "datadog"
GAUGES = {metric.name for metric in METRICS if metric.kind == "gauge" and metric.name.startswith("lastin_")}
PYTHON = ROOT / ".venv-datadog" / "bin" / "python"


def loaded(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def test_the_check_reads_one_endpoint_and_takes_everything() -> None:
    [instance] = loaded("openmetrics.yaml")["instances"]

    assert instance["openmetrics_endpoint"] == "http://127.0.0.1:8000/metrics"
    assert (instance["namespace"], instance["raw_metric_prefix"], instance["metrics"]) == ("lastin", "lastin_", [".+"])


def test_the_agent_listens_where_the_page_about_logs_says() -> None:
    [log] = loaded("logs.yaml")["logs"]

    assert log["type"] == "tcp"
    assert f"LOG_TCP_URL=tcp://127.0.0.1:{log['port']}" in (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not PYTHON.exists(), reason="datadog-checks-base isn't installed (make datadog does it)")
def test_the_check_of_the_agent_reads_our_metrics(tmp_path: Path) -> None:
    with RunningService(tmp_path, settings=with_a_recurring_job(tmp_path)) as service:
        service.wait_for_job(service.post("/v1/jobs", {"message": "hello"}).json["id"])
        wait_until(lambda: not _missing(service), f"all gauges to be shown; at first missing: {_missing(service)}")
        command = [PYTHON, "-m", "tests.observe.datadog_check", FOLDER / "openmetrics.yaml", f"{service.url}/metrics"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            # DataDog's rule for its own checks: no tags with general names, which an Agent doesn't mind.
            env=clean_environment(DDEV_SKIP_GENERIC_TAGS_CHECK="1"),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["said"] == ["", ""]
    assert told["values"]["lastin.redis_up"][-1] == 1
    assert sum(told["values"]["lastin.queue_jobs"]) > 0
    assert {name.replace("lastin_", "lastin.", 1) for name in GAUGES} <= set(told["values"])


def _missing(service: RunningService) -> set[str]:
    """Gauges that nobody has reported yet."""
    return GAUGES - {line.partition("{")[0].split()[0] for line in service.get("/metrics").body.decode().splitlines()}
