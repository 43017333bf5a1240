"""Estimates of when a job starts, against what then happens in a simulation of several minutes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest

from ..scripted import ScriptedQueue
from .simulated import Asked, Scenario, Simulation
from .test_why import with_worker

CHANCE = 0.6
"""The bound of the error where chance decides: a busy stack, whose top job waits for a gap between arrivals."""

SCENARIOS = {
    "a busy stack": Scenario(policy={"mode": "continuous"}, arrive=3.5, run_s=1, ask_every_s=6, bound=CHANCE),
    "a backlog that drains": Scenario(policy={"mode": "continuous"}, arrive=2, run_s=1, backlog=800, warm_s=60),
    "a burst": Scenario(policy={"mode": "continuous"}, arrive=2, run_s=1, burst=200, ask_s=240, ask_every_s=6),
    "overload": Scenario(policy={"mode": "continuous"}, arrive=5, run_s=1, after_s=200, bound=CHANCE),
    "first come, first served": Scenario(
        policy={"mode": "continuous", "order": "fifo"}, arrive=4.4, run_s=1, ask_every_s=15
    ),
    "windows with time to spare": Scenario(
        policy={"batch": 100, "lasts_us": 10_000_000}, arrive=3, run_s=0.2, every_s=30
    ),
    "windows that close when empty": Scenario(
        policy={"batch": 1000, "close_when_empty": True}, arrive=2, run_s=0.05, every_s=20
    ),
    "credits that drain a backlog": Scenario(
        policy={"batch": 30, "close_when_empty": True}, arrive=2, run_s=0.05, every_s=10, backlog=300, warm_s=60
    ),
    "fewer credits than arrivals": Scenario(
        policy={"batch": 20}, arrive=3, run_s=0.05, every_s=10, ask_every_s=15, after_s=300
    ),
    "a share for the oldest": Scenario(
        policy={"batch": 20, "oldest_share_ppm": 250_000}, arrive=2.2, run_s=0.05, every_s=10, backlog=60
    ),
    "windows too short for the threads": Scenario(
        policy={"lasts_us": 5_000_000}, arrive=1.5, run_s=0.5, every_s=20, backlog=100, warm_s=120
    ),
    "rare windows": Scenario(
        policy={"batch": 200}, arrive=1, run_s=0.1, every_s=240, warm_s=500, ask_s=480, ask_every_s=16
    ),
}
"""Four threads each."""


@pytest.fixture
def queue(queue: ScriptedQueue) -> Iterator[ScriptedQueue]:
    """A queue with a live worker of four threads."""
    with_worker(queue, threads=4)
    return queue


@pytest.mark.parametrize("name", SCENARIOS)
def test_half_of_the_estimates_are_off_by_less_than_a_fifth(queue: ScriptedQueue, name: str) -> None:
    scenario = SCENARIOS[name]
    asked = Simulation(queue, scenario).run()

    assert len(asked) >= 50
    assert median(each.error for each in asked if each.estimate_s is not None) <= scenario.bound
    given_up = [each for each in asked if each.estimate_s is None]
    assert len(started_all_the_same(given_up)) <= 0.1 * len(given_up), given_up


def started_all_the_same(asked: list[Asked]) -> list[Asked]:
    return [each for each in asked if each.started_in_s is not None]
