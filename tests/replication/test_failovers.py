"""Failovers under load, by the real processes; ``make failovers`` makes ten of them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path

import pytest

from .failovers import prove

pytestmark = pytest.mark.servers

TIMES = int(os.environ.get("LASTIN_FAILOVERS", "2"))


@pytest.mark.timeout(240 + 60 * TIMES)
def test_nothing_that_was_acknowledged_is_lost_and_no_thread(tmp_path: Path) -> None:
    found = prove(tmp_path, list(islice(cycle(("kill", "stop")), TIMES)))

    print(json.dumps(asdict(found)))
    assert found.is_good, asdict(found)
    assert found.acknowledged > 100 * TIMES
    assert max(found.accepts_s) < 15
