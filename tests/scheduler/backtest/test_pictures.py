"""What the pictures of docs/cadence.md show is what the scripts do."""

from __future__ import annotations

import pytest

from benchmarks.pictures.simulation import Claim, Rule, claims, evenly
from scheduler.backtest.arrivals import Arrival
from scheduler.cadence import QueueCadence
from scheduler.ticks import Every
from scheduler.timetable import Timetable

from .conftest import Simulate

START_US = 1_700_000_000_000_000
END_MS = 40_000
RULES = {
    "lifo with a share": Rule(every_ms=1000, batch=10, share_ppm=300_000),
    "fifo until empty": Rule(every_ms=1000, batch=25, order="fifo", close_when_empty=True),
    "adaptive": Rule(every_ms=1000, batch=10, order="adaptive", share_ppm=100_000, above_ms=2000, below_ms=1000),
}
ARRIVALS = [*evenly(13, from_s=0, until_s=12), *evenly(3, from_s=12, until_s=20), 25_300, 31_000, 31_001, 39_900]


@pytest.mark.parametrize("name", RULES)
def test_the_simulation_claims_what_the_scripts_claim(simulate: Simulate, name: str) -> None:
    rule = RULES[name]
    cadence = QueueCadence(
        queue="default",
        timetable=Timetable(Every(rule.every_ms * 1000)),
        batch=rule.batch,
        close_when_empty=rule.close_when_empty,
        oldest_share_ppm=rule.share_ppm,
        order=rule.order,
        lifo_above_us=rule.above_ms * 1000,
        lifo_below_us=rule.below_ms * 1000,
    )
    left_us = (END_MS - max(ARRIVALS)) * 1000 - 1
    starts, _ = simulate([Arrival(START_US + ms * 1000) for ms in ARRIVALS], cadence, drain_us=left_us)

    found = [Claim((arrived - START_US) // 1000, (at - START_US) // 1000) for arrived, at in starts]
    assert found == list(claims(ARRIVALS, rule, END_MS))
    assert len(found) > 150
