"""``deploy/kubernetes/``: what kustomize makes of it, checked by the schemas of Kubernetes and KEDA."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from middleware.metrics.definitions import METRICS
from middleware.settings import Settings

from ..service import ROOT, SETTINGS_NAMES
from .linters import BIN, linter

FOLDER = "deploy/kubernetes"
OLDEST_KUBERNETES = "1.29"
KEDA = """
import sys, yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject
given = yaml.safe_load(sys.stdin)
taken = ScaledObject.model_validate(given).model_dump(by_alias=True, exclude_none=True, mode="json")
def missing(given, taken, at=""):
    if isinstance(given, dict):
        for key, value in given.items():
            yield from missing(value, taken[key], f"{at}/{key}") if key in taken else [f"{at}/{key}"]
    elif isinstance(given, list):
        for n, (one, other) in enumerate(zip(given, taken, strict=True)):
            yield from missing(one, other, f"{at}/{n}")
sys.exit("unknown to KEDA: " + ", ".join(found) if (found := list(missing(given, taken))) else 0)
"""
"""Takes a ScaledObject as KEDA does, and names what of it was dropped as unknown."""


@cache
def built(name: str) -> str:
    """What ``kubectl apply -k`` would send."""
    done = linter("kubectl", "kustomize", f"{FOLDER}/{name}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(name: str = "base") -> dict[str, dict[str, Any]]:
    """By kind and name."""
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in yaml.safe_load_all(built(name))}


def deployments() -> dict[str, Any]:
    return {name.partition("/")[2]: each for name, each in objects().items() if each["kind"] == "Deployment"}


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, "1.33"])
def test_kubernetes_takes_it(tmp_path: Path, version: str) -> None:
    (tmp_path / "built.yaml").write_text(built("base"), encoding="utf-8")

    done = linter("kubernetes-validate", "--strict", "-k", version, str(tmp_path / "built.yaml"))

    assert done.returncode == 0, done.stdout + done.stderr


def test_keda_takes_its_part() -> None:
    scaled = objects("keda")["ScaledObject/worker"]

    done = subprocess.run(
        [BIN / "python", "-c", KEDA], input=yaml.dump(scaled), check=False, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr


def test_keda_alone_says_how_many_workers_there_are() -> None:
    spec = objects("keda")["ScaledObject/worker"]["spec"]

    assert spec["scaleTargetRef"]["name"] == "worker"
    assert "replicas" not in objects("keda")["Deployment/worker"]["spec"]
    assert "replicas" in objects()["Deployment/worker"]["spec"]


def test_workers_are_scaled_by_metrics_that_exist() -> None:
    [trigger] = objects("keda")["ScaledObject/worker"]["spec"]["triggers"]

    named = set(re.findall(r"lastin_\w+", trigger["metadata"]["query"]))
    assert named == {"lastin_queue_jobs"} <= {metric.name for metric in METRICS}


def test_every_pod_can_do_little_and_ends_after_its_jobs() -> None:
    assert deployments().keys() == {"web", "worker", "scheduler"}
    for name, deployment in deployments().items():
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
        assert not pod["automountServiceAccountToken"]
        if name != "scheduler":
            assert pod["terminationGracePeriodSeconds"] * 1000 > Settings().worker_shutdown_ms + 5000


def test_a_budget_guards_the_pods_of_web_and_of_workers() -> None:
    for name in ("web", "worker"):
        budget = objects()[f"PodDisruptionBudget/{name}"]["spec"]["selector"]["matchLabels"]
        assert budget.items() <= deployments()[name]["spec"]["template"]["metadata"]["labels"].items()
        assert deployments()[name]["spec"]["replicas"] > 1


def test_the_settings_can_be_read() -> None:
    [config] = [each for name, each in objects().items() if name.startswith("ConfigMap/")]

    assert config["data"].keys() <= SETTINGS_NAMES
    assert Settings.from_environ(config["data"]).auth == "oauth"


def test_it_starts_what_the_procfile_starts() -> None:
    procfile = re.findall(r"^(\w+): exec (.+)$", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE)
    started = {
        name: " ".join(each["spec"]["template"]["spec"]["containers"][0]["command"])
        for name, each in deployments().items()
    }

    assert started == dict(procfile)
