"""What newer jobs of a subject do to older ones: the same steps end in the same way on the stub and on the scripts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from .both_sides import RealSide, Side, Step, StubSide

CLAIM, LOSE = Step("claim"), Step("lose")
SUBJECTS = ["a", "a", "b", None]


def about(subject: str | None = "a", delay: float = 0, **options: object) -> Step:
    """A job is sent."""
    return Step("send", 0, delay, ({} if subject is None else {"subject": subject}) | options)


def ends(outcome: str, nth: int = 0, delay: float = 0) -> Step:
    """An attempt ends; the nth of those that run."""
    return Step("settle", nth, delay, {"outcome": outcome})


def wait(seconds: float) -> Step:
    """Time passes."""
    return Step("wait", 0, seconds)


STORIES = {
    "a newer one supersedes what waits": (
        [about(), about("b"), about(delay=60), about()],
        "superseded queued superseded queued",
    ),
    "a retry comes back while a newer one waits": (
        [about(), CLAIM, about(), ends("retry", delay=5)],
        "superseded queued",
    ),
    "a retry comes back while a newer one runs": (
        [about(), CLAIM, about(), CLAIM, ends("retry")],
        "superseded running",
    ),
    "a retry comes back after a newer one was processed": (
        [about(), CLAIM, about(), CLAIM, ends("processed", 1), ends("retry")],
        "superseded processed",
    ),
    "a retry comes back after a newer one was rejected": (
        [about(), CLAIM, about(), CLAIM, ends("rejected", 1), ends("retry", delay=5)],
        "scheduled rejected",
    ),
    "a retry comes back after a newer one has expired": (
        [about(), CLAIM, about(expires_in=5_000), wait(5), ends("retry", delay=5)],
        "scheduled expired",
    ),
    "a retry comes back while several newer ones are there": (
        [about(), CLAIM, about(), CLAIM, about(), ends("retry")],
        "superseded running queued",
    ),
    "a retry in its backoff is superseded": ([about(), CLAIM, ends("retry", delay=60), about()], "superseded queued"),
    "a job that is put back is superseded": ([about(), CLAIM, about(), ends("put_back")], "superseded queued"),
    "a job whose worker is lost waits again": ([about(), LOSE, about("b")], "queued queued"),
    "a job whose worker is lost beside a newer one that waits": (
        [about(), wait(10), about(delay=8, max_defer=5_000), LOSE, CLAIM],
        "superseded running",
    ),
    "one that runs is asked to stop": (
        [about(), CLAIM, about(supersede_running=True), ends("cancelled")],
        "superseded queued",
    ),
    "one that was asked to stop ends well": (
        [about(), CLAIM, about(supersede_running=True), ends("processed")],
        "processed queued",
    ),
    "one that was asked to stop fails": (
        [about(), CLAIM, about(supersede_running=True), ends("retry")],
        "superseded queued",
    ),
    "one that was cancelled before": (
        [about(), CLAIM, Step("cancel"), about(supersede_running=True), ends("cancelled")],
        "cancelled queued",
    ),
    "one keeps its turn": (
        [about(), wait(10), about(max_defer=5_000), about(max_defer=5_000)],
        "queued superseded queued",
    ),
    "one keeps its turn until the newer one is claimed": (
        [about(), wait(10), about(max_defer=5_000), CLAIM],
        "superseded running",
    ),
    "how long a job that is run again has waited counts from then on": (
        [about(), CLAIM, ends("rejected"), wait(10), Step("retry"), wait(2), about(max_defer=5_000)],
        "superseded queued",
    ),
    "debounced": (
        [step for _ in range(6) for step in (about(delay=2, max_defer=4_000), wait(1))],
        "superseded superseded superseded queued superseded scheduled",
    ),
    "an outdated job isn't run again": (
        [about(), CLAIM, ends("rejected"), about(), CLAIM, ends("processed"), Step("retry")],
        "rejected processed",
    ),
    "a superseded job isn't run again": ([about(), about(), Step("cancel", 1), Step("retry")], "superseded cancelled"),
    "a job that is run again takes the turn of an older one": (
        [about(), CLAIM, about(), CLAIM, ends("rejected", 1), ends("put_back"), Step("retry", 1)],
        "superseded queued",
    ),
}


@pytest.fixture
def sides(redis_url: str) -> Iterator[list[Side]]:
    """The stub and the real one."""
    real = RealSide(redis_url)
    yield [StubSide(), real]
    real.close()


@pytest.mark.parametrize("name", STORIES)
def test_a_story_about_subjects_ends_as_with_the_real_broker(sides: list[Side], name: str) -> None:
    steps, states = STORIES[name]
    for step in steps:
        _agree(sides, step)

    assert " ".join(job.status for job in sides[0].all_jobs()[::-1]) == states


BY_GENERATION = {
    "the one generated last is claimed first": (
        [about(None, generated_s_ago=5), about(None, generated_s_ago=2), about(None, generated_s_ago=9), CLAIM],
        "queued running queued",
    ),
    "one that lies ahead counts as accepted": (
        [about(None, generated_s_ago=-60), about(None), CLAIM],
        "queued running",
    ),
    "a late older one is superseded at once": (
        [about(generated_s_ago=2), about(generated_s_ago=5)],
        "queued superseded",
    ),
    "a late older one of what was processed": (
        [about(generated_s_ago=2), CLAIM, ends("processed"), about(generated_s_ago=5), about(generated_s_ago=1)],
        "processed superseded queued",
    ),
    "of the same moment the last one is the newer one": (
        [about(generated_s_ago=2), CLAIM, about(generated_s_ago=2), about(generated_s_ago=2)],
        "running superseded queued",
    ),
    "a retry that was generated before comes back": (
        [about(generated_s_ago=9), CLAIM, about(generated_s_ago=2), ends("retry")],
        "superseded queued",
    ),
    "a delayed one goes to its place": (
        [about(None, 5, generated_s_ago=2), about(None, generated_s_ago=3), wait(6), CLAIM],
        "running queued",
    ),
}


@pytest.mark.parametrize("name", BY_GENERATION)
def test_a_story_about_generation_ends_as_with_the_real_broker(redis_url: str, name: str) -> None:
    steps, states = BY_GENERATION[name]
    real = RealSide(redis_url, "generated")
    sides: list[Side] = [StubSide("generated"), real]
    for step in steps:
        _agree(sides, step)

    assert " ".join(job.status for job in sides[0].all_jobs()[::-1]) == states
    real.close()


@pytest.mark.parametrize("seed", range(5))
def test_by_generation_both_agree_after_each_step(redis_url: str, seed: int) -> None:
    chance = random.Random(seed)
    real = RealSide(redis_url, "generated")
    sides: list[Side] = [StubSide("generated"), real]
    for step in made_up(chance):
        if step.what == "send" and chance.random() < 0.7:
            generated = {"generated_s_ago": chance.choice([0, 0.000001, 1, 1, 5, 20, -3])}
            step = step._replace(options=step.options | generated)  # noqa: PLW2901
        _agree(sides, step)
    real.close()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_to_jobs_with_subjects_both_agree_after_each_step(sides: list[Side], seed: int) -> None:
    for step in made_up(random.Random(seed)):
        _agree(sides, step)


def made_up(chance: random.Random) -> list[Step]:
    """Sixty steps."""
    outcomes = ["processed", "rejected", "cancelled", "retry", "put_back"]

    def step() -> Step:
        nth = chance.randrange(1000)
        match chance.choices(["send", "claim", "settle", "wait", "lose", "cancel", "retry"], [9, 6, 6, 4, 1, 1, 2])[0]:
            case "send":
                subject, options = chance.choice(SUBJECTS), {}
                if subject is not None:
                    options |= {"max_defer": chance.randrange(1, 20_000)} if chance.random() < 0.4 else {}
                    options |= {"supersede_running": True} if chance.random() < 0.3 else {}
                options |= {"expires_in": chance.randrange(1, 30_000)} if chance.random() < 0.2 else {}
                delay = chance.randrange(1, 20) if chance.random() < 0.3 else 0
                return about(subject, delay, **options)
            case "settle":
                return ends(chance.choice(outcomes), nth, chance.randrange(10))
            case "wait":
                return wait(chance.randrange(1, 12))
            case what:
                return Step(what, nth)

    return [step() for _ in range(60)]


def _agree(sides: list[Side], step: Step) -> None:
    stub, real = sides
    assert stub.do(step) == real.do(step), step
