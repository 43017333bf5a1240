"""What the processes write."""

from __future__ import annotations

import json

from ..service import RunningService, wait_until


def test_a_worker_writes_json_lines_that_say_whose_they_are(service: RunningService) -> None:
    def told() -> bool:
        return "ready for action" in service.log("worker")

    wait_until(told, "the worker's first line")
    lines = [json.loads(line) for line in service.log("worker").splitlines()]

    assert {line["process"] for line in lines} == {"worker"}
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert all(line["time"].endswith("Z") for line in lines)
