"""The names of metrics that there are, and those that rules and dashboards use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from middleware.metrics.definitions import METRICS

from ..service import ROOT

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "lastin.json"

NAME = re.compile(r"\b((?:lastin|flask|dramatiq|process)[a-z0-9_:]*[a-z0-9])(?=[{\[\s)]|$)")


def rules_of(path: Any) -> list[dict[str, Any]]:
    """The rules of a file."""
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Title and query of each panel of the dashboard, for all queues."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"].replace("$queue", ".*")


def used_in(expression: str) -> set[str]:
    """The names of metrics in an expression."""
    without_labels = re.sub(r"\{[^}]*\}", "{}", expression)
    without_grouping = re.sub(r"\b(by|on|without)\s*\([^)]*\)", "", without_labels)
    return set(NAME.findall(without_grouping))


def known() -> set[str]:
    """The names of samples that an exposition or a recording rule gives."""
    plain = {metric.name for metric in METRICS if metric.kind != "histogram"}
    buckets = {f"{metric.name}_{end}" for metric in METRICS if metric.kind == "histogram" for end in ENDS}
    flask = {"flask_http_request_total", "flask_http_request_exceptions_total"}
    flask |= {f"flask_http_request_duration_seconds_{end}" for end in ENDS}
    return plain | buckets | flask | {"dramatiq_messages_inprogress"} | {rule["record"] for rule in rules_of(RULES)}


ENDS = ("bucket", "count", "sum")
