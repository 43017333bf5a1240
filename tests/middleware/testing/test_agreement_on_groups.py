"""Whose turn it is: the same steps claim the same jobs on the stub and with the scripts, by turns and in bounds."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from middleware.queues.policy import Policy

from .both_sides import RealSide, Side, Step, StubSide

POLICIES = {
    "sharing": Policy(mode="continuous", share_by_group=True),
    "sharing, oldest first": Policy(mode="continuous", order="fifo", share_by_group=True),
    "sharing, a third for the oldest": Policy(mode="continuous", oldest_share_ppm=333_333, share_by_group=True),
    "sharing, adaptive": Policy(
        mode="continuous", order="adaptive", lifo_above_us=9_000_000, lifo_below_us=4_000_000, share_by_group=True
    ),
    "two of a group": Policy(mode="continuous", max_running_per_group=2),
    "two of a group, sharing": Policy(mode="continuous", max_running_per_group=2, share_by_group=True),
    "one of a group, sharing, the oldest": Policy(
        mode="continuous", oldest_share_ppm=500_000, max_running_per_group=1, share_by_group=True
    ),
    "three of the queue": Policy(mode="continuous", max_running=3),
    "everything": Policy(
        mode="continuous", oldest_share_ppm=200_000, max_running=4, max_running_per_group=2, share_by_group=True
    ),
    "everything, adaptive": Policy(
        mode="continuous",
        order="adaptive",
        lifo_above_us=9_000_000,
        lifo_below_us=4_000_000,
        max_running=4,
        max_running_per_group=2,
        share_by_group=True,
    ),
}
OUTCOMES = ["processed", "processed", "rejected", "retry", "put_back"]


@pytest.fixture
def sides(redis_url: str) -> Iterator[list[Side]]:
    """A queue in memory and one in Redis."""
    real = RealSide(redis_url)
    yield [StubSide(), real]
    real.close()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("seed", range(3))
def test_claims_take_the_same_jobs_by_turns_and_within_bounds(sides: list[Side], policy: Policy, seed: int) -> None:
    for step in [Step("rule", options={"policy": policy}), *made_up(random.Random(seed))]:
        _agree(sides, step)


@pytest.mark.parametrize("seed", range(6))
def test_both_agree_while_the_policy_changes(sides: list[Side], seed: int) -> None:
    chance = random.Random(seed)
    for n, step in enumerate(made_up(chance)):
        if n % 12 == 0:
            policy = chance.choice([*POLICIES.values(), Policy(mode="continuous")])
            _agree(sides, Step("rule", options={"policy": policy}))
        _agree(sides, step)


def test_a_job_that_waits_alone_is_claimed_in_the_next_round(sides: list[Side]) -> None:
    sharing = Step("rule", options={"policy": POLICIES["sharing"]})
    for step in [sharing, *map(_of, ["quiet", "loud", "loud", "loud"]), *[Step("claim")] * 3]:
        _agree(sides, step)

    assert [id for id, _ in sides[0].held] == ["3", "0", "2"]


def made_up(chance: random.Random) -> list[Step]:
    """A hundred steps with jobs of a few groups, most of them of one, and some of none."""

    def step(n: int) -> Step:
        nth = chance.randrange(1000)
        weights = [30, 15, 20 + n // 4, 25, 2, 3, 2]
        match chance.choices(["send", "wait", "claim", "settle", "lose", "cancel", "retry"], weights)[0]:
            case "send":
                subject = {"subject": chance.choice("xy")} if chance.random() < 0.2 else {}
                expires = {"expires_in": chance.randrange(1, 30_000)} if chance.random() < 0.1 else {}
                group = chance.choice(["loud", "loud", "loud", "calm", "quiet", None])
                return _of(group, chance.choice([0, 0, 0, 7]), **subject, **expires)
            case "wait":
                return Step("wait", 0, chance.choice([1, 2, 5]))
            case "settle":
                outcome = chance.choice(OUTCOMES)
                return Step("settle", nth, 3 if outcome == "retry" else 0, {"outcome": outcome})
            case what:
                return Step(what, nth)

    return [step(n) for n in range(100)]


def _of(group: str | None, delay: float = 0, **options: object) -> Step:
    return Step("send", 0, delay, ({} if group is None else {"group": group}) | options)


def _agree(sides: list[Side], step: Step) -> None:
    stub, real = sides
    (jobs, waiting, running), (real_jobs, really_waiting, really_running) = stub.do(step), real.do(step)
    assert (running, jobs) == (really_running, real_jobs), step
    assert sorted(waiting) == sorted(really_waiting), step
