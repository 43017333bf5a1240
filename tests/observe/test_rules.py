"""Rules, alerts and dashboard name only what there is, and each alert has its section in the runbook."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from ..service import ROOT
from .names import ALERTS, RULES, known, queries, rules_of, used_in

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ALL_RULES = [*rules_of(RULES), *rules_of(ALERTS)]
PANELS = list(queries())
ALERT_NAMES = [rule["alert"] for rule in rules_of(ALERTS)]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool isn't installed (Debian: prometheus)"
)


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *arguments], cwd=ALERTS.parent, capture_output=True, text=True, check=False, timeout=60
    )


@needs_promtool
@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yml"), ("check", "rules", "rules.yml", "alerts.yml")]
)
def test_promtool_takes_configuration_and_rules(arguments: tuple[str, ...]) -> None:
    checked = promtool(*arguments)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    tested = promtool("test", "rules", "alerts.test.yml")

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_is_tested() -> None:
    tests = (ALERTS.parent / "alerts.test.yml").read_text(encoding="utf-8")

    assert set(re.findall(r'alertname="(\w+)"', tests)) == set(ALERT_NAMES)


def test_every_alert_has_its_section_in_the_runbook_with_what_to_do() -> None:
    sections = dict(re.findall(r"^## (LastIn\w+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))

    assert list(sections) == ALERT_NAMES
    for name, text in sections.items():
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Means", "Look", "Do"], name
    links = [rule["annotations"]["runbook"] for rule in rules_of(ALERTS)]
    assert links == [f"docs/runbook.md#{name.lower()}" for name in ALERT_NAMES]


@pytest.mark.parametrize("rule", ALL_RULES, ids=[rule.get("alert", rule.get("record")) for rule in ALL_RULES])
def test_a_rule_names_only_metrics_that_there_are(rule: dict[str, str]) -> None:
    names = used_in(rule["expr"])

    assert names or rule["alert"] == "LastInDown"
    assert names <= known()


@pytest.mark.parametrize(("title", "query"), PANELS, ids=[title for title, _ in PANELS])
def test_a_panel_names_only_metrics_that_there_are(title: str, query: str) -> None:
    names = used_in(query)

    assert names
    assert names <= known()
