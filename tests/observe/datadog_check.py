"""Runs DataDog's OpenMetrics check once, in an interpreter of its own (``make datadog``): FILE ENDPOINT. Prints JSON:
what the check said, and the names of the metrics with their values."""

from __future__ import annotations

import json
import sys

import yaml
from datadog_checks.base import OpenMetricsBaseCheckV2
from datadog_checks.base.stubs import aggregator


class Check(OpenMetricsBaseCheckV2):  # type: ignore[misc]
    """The check as the Agent runs it."""

    __NAMESPACE__ = ""


def main(file: str, endpoint: str) -> None:
    """Run it twice, since counters are told from the second time on."""
    with open(file, encoding="utf-8") as configuration:
        conf = yaml.safe_load(configuration)
    [instance] = conf["instances"]
    check = Check("openmetrics", conf["init_config"] or {}, [{**instance, "openmetrics_endpoint": endpoint}])
    said = [check.run(), check.run()]
    values = {name: [metric.value for metric in aggregator.metrics(name)] for name in sorted(aggregator.metric_names)}
    print(json.dumps({"said": said, "values": values}))


if __name__ == "__main__":
    main(*sys.argv[1:])
