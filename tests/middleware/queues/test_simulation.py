"""What the pictures of docs/cadence.md show is what the scripts do."""

from __future__ import annotations

import pytest

from benchmarks.pictures.simulation import Claim, Rule, claims, evenly

from ..scripted import START_US, ScriptedQueue

RULES = {
    "lifo with a share": Rule(every_ms=1000, batch=10, share_ppm=300_000),
    "fifo until empty": Rule(every_ms=1000, batch=25, order="fifo", close_when_empty=True),
    "adaptive": Rule(every_ms=1000, batch=10, order="adaptive", share_ppm=100_000, above_ms=2000, below_ms=1000),
}
ARRIVALS = [*evenly(13, from_s=0, until_s=12), *evenly(3, from_s=12, until_s=20)]


@pytest.mark.parametrize("name", RULES)
def test_the_simulation_claims_what_the_scripts_claim(queue: ScriptedQueue, name: str) -> None:
    rule = RULES[name]
    queue.rule(
        order=rule.order,
        oldest_share_ppm=rule.share_ppm,
        close_when_empty=rule.close_when_empty,
        lifo_above_us=rule.above_ms * 1000,
        lifo_below_us=rule.below_ms * 1000,
    )
    expected = list(claims(ARRIVALS, rule, 20_000))
    found: list[Claim] = []

    def claim_one_by_one(at_ms: int) -> None:
        while taken := queue.claimed_ids():
            found.append(Claim(int(taken[0].partition("-")[0]), at_ms))

    ticks = [(tick_ms, 1, "tick") for tick_ms in range(0, 20_000, rule.every_ms)]
    for at_ms, _, id in sorted([*ticks, *((ms, 0, f"{ms}-{n}") for n, ms in enumerate(ARRIVALS))]):
        queue.clock.now_us = START_US + at_ms * 1000
        if id == "tick":
            queue.open(credits=rule.batch)
        else:
            queue.send(id)
        if id == "tick" or at_ms % rule.every_ms:
            claim_one_by_one(at_ms)

    assert found == expected
    assert len(found) > 150
