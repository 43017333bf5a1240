"""``compose.yaml``, the Dockerfiles, and what stands around them. No engine is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from middleware.settings import Settings

from ..service import ROOT, SETTINGS_NAMES
from .linters import linter

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "scheduler")
FOLDER = ROOT / "deploy" / "compose"
PASSWORD = "a-password-of-the-test"


def test_it_is_as_the_specification_wants_it() -> None:
    done = linter("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", ["Dockerfile", "deploy/compose/log-receiver/Dockerfile"])
def test_hadolint_finds_no_fault_with_a_dockerfile(file: str) -> None:
    done = linter("hadolint", file)

    assert (done.returncode, done.stdout) == (0, "")


def test_one_image_runs_three_commands() -> None:
    assert len({SERVICES[name]["image"] for name in OURS}) == 1
    assert [SERVICES[name].get("command") for name in OURS] == [None, *_commands("tasks", "scheduler")]


def _commands(*modules: str) -> list[list[str]]:
    return [["python", "-m", module] for module in modules]


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_can_do_little_and_ends_after_its_jobs(name: str) -> None:
    service = SERVICES[name]

    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].rstrip("s")) * 1000 >= Settings().worker_shutdown_ms + 5000
    assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", OURS)
def test_its_settings_can_be_read(name: str) -> None:
    given = {key: _filled(value) for key, value in SERVICES[name]["environment"].items()}

    assert given.keys() <= SETTINGS_NAMES
    assert Settings.from_environ(given).redis_url == f"redis://lastin:{PASSWORD}@redis:6379/0"


def _filled(value: str) -> str:
    """With the password, and the defaults of everything else."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{\w+:\?[^}]*\}", PASSWORD, value)


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(published) == 3
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_files_that_are_mounted_exist() -> None:
    mounted = [mount for service in SERVICES.values() for mount in service.get("volumes", []) if mount.startswith(".")]

    assert len(mounted) > 5
    assert [mount for mount in mounted if not (ROOT / mount.split(":")[0]).is_file()] == []
    assert {mount.split(":")[2] for mount in mounted} == {"ro"}


def test_grafana_shows_our_dashboard_from_our_prometheus() -> None:
    [source] = yaml.safe_load((FOLDER / "grafana" / "datasource.yaml").read_text(encoding="utf-8"))["datasources"]
    [provider] = yaml.safe_load((FOLDER / "grafana" / "dashboards.yaml").read_text(encoding="utf-8"))["providers"]
    mounted = {mount.split(":")[1]: mount.split(":")[0] for mount in SERVICES["grafana"]["volumes"]}

    assert source["url"] == "http://prometheus:9090"
    assert mounted[f"{provider['options']['path']}/lastin.json"] == "./deploy/grafana/lastin.json"
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] in mounted


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool isn't installed (Debian: prometheus)")
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token", encoding="ascii")
    for mount in SERVICES["prometheus"]["volumes"][1:]:
        source, target, _ = mount.split(":")
        text = (ROOT / source).read_text(encoding="utf-8").replace("/run/secrets/metrics-token", str(token))
        (tmp_path / Path(target).name).write_text(text, encoding="utf-8")

    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert SERVICES["prometheus"]["secrets"] == ["metrics-token"]
