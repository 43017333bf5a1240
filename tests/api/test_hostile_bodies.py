"""What a body costs is bounded, whatever is in it. Seconds are measured by ``make bench BENCH_ARGS=hostile``."""

from __future__ import annotations

import json

import pytest

from benchmarks.driver.bodies import KINDS

from ..service import python

BOUNDS = {"/v1/jobs": 2**20, "/v1/jobs/batch": 8 * 2**20}
DENSE = ("as many objects as may be", "long numbers", "wide characters")
"""What costs most for its size."""
OTHERS = sorted(KINDS.keys() - {*DENSE, "valid jobs"})
"""The rest is for ``make contract``."""
SPARE_MIB = 4
"""What a process may take meanwhile that has nothing to do with the body."""


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        *((kind, "/v1/jobs/batch") for kind in (*DENSE, "valid jobs")),
        *(pytest.param(kind, "/v1/jobs/batch", marks=pytest.mark.contract) for kind in OTHERS),
        *((kind, "/v1/jobs") for kind in DENSE),
    ],
)
def test_a_body_costs_no_more_than_eight_times_its_bound(kind: str, path: str, redis_url: str) -> None:
    size = BOUNDS[path]

    done = python("-m", "benchmarks.driver.bodies", path, kind, str(size), REDIS_URL=redis_url, LOG_LEVEL="ERROR")

    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout)
    assert cost["bytes"] <= size
    assert cost["mb"] <= 8 * size / 2**20 + SPARE_MIB, cost
    assert cost["status"] == (201 if kind == "valid jobs" and path == "/v1/jobs/batch" else 400)
