"""From which end claims are taken: the same steps claim the same jobs on the stub and with the scripts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from middleware.queues.policy import Policy

from .both_sides import RealSide, Step, StubSide

POLICIES = {
    "fifo": Policy(mode="continuous", order="fifo"),
    "a tenth": Policy(mode="continuous", oldest_share_ppm=100_000),
    "two thirds": Policy(mode="continuous", oldest_share_ppm=666_667),
    "all": Policy(mode="continuous", oldest_share_ppm=1_000_000),
    "adaptive": Policy(mode="continuous", order="adaptive", lifo_above_us=20_000_000, lifo_below_us=10_000_000),
    "adaptive with a share": Policy(
        mode="continuous", order="adaptive", oldest_share_ppm=300_000, lifo_above_us=9_000_000, lifo_below_us=9_000_000
    ),
}


@pytest.fixture
def sides(redis_url: str) -> Iterator[tuple[StubSide, RealSide]]:
    """A queue in memory and one in Redis."""
    real = RealSide(redis_url)
    yield StubSide(), real
    real.close()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("seed", range(3))
def test_claims_take_the_same_jobs(sides: tuple[StubSide, RealSide], policy: Policy, seed: int) -> None:
    stub, real = sides
    real.put_policy(policy)
    stub.put_policy(policy)

    for step in made_up(seed):
        expected = [job.id for job in stub.broker().waiting()[:1]] if step.what == "claim" else []
        (jobs, _, running), (real_jobs, _, really_running) = stub.do(step), real.do(step)
        assert (running, jobs) == (really_running, real_jobs), step
        assert running[len(running) - len(expected) :] == expected


def made_up(seed: int) -> list[Step]:
    """Jobs come faster than they are claimed, and slower in the end."""
    chance = random.Random(seed)
    steps = [Step("send", 0, chance.choice([0, 0, 7])) for _ in range(5)]
    for n in range(120):
        what = chance.choices(["send", "wait", "claim", "settle", "lose"], [30, 20, 25 + n // 4, 25, 3])[0]
        match what:
            case "send":
                steps.append(Step("send", 0, chance.choice([0, 0, 0, 7])))
            case "wait":
                steps.append(Step("wait", 0, chance.choice([1, 2, 5])))
            case "settle":
                outcome = chance.choice(["processed", "processed", "retry", "put_back"])
                steps.append(Step("settle", chance.randrange(5), 3 if outcome == "retry" else 0, {"outcome": outcome}))
            case _:
                steps.append(Step(what))
    return steps
