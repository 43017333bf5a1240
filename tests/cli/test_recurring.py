"""``lastin recurring``, over Redis itself and over the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from middleware.queues.command_user import command_user
from middleware.queues.recurring import Definition
from tasks import broker

from .running import answered, run, told


@pytest.fixture
def nightly(redis_url: str) -> Iterator[None]:
    """A recurring job that is in force."""
    definition = Definition(
        name="nightly",
        queue="default",
        task="process_message",
        payload={"message": "Good night"},
        timetable="cron 0 2 * * * (UTC)",
        missed="skip",
        skip_if_waiting=False,
        next_ticks_ms=(4_102_444_800_000,),
    )
    broker.recurring.put("default", [definition])
    yield
    broker.recurring.put("default", [])


@pytest.mark.usefixtures("nightly")
def test_recurring_jobs_are_shown_paused_and_resumed(over: str) -> None:
    [listed] = answered("recurring")
    paused = answered("recurring", "pause", "nightly", "--reason", "maintenance")
    again = answered("recurring", "pause", "nightly", "--reason", "again", status=3)

    assert (listed["name"], listed["pause"]) == ("nightly", None)
    assert paused["pause"]["reason"] == "maintenance"
    assert paused["pause"]["by"] == (command_user() if over == "local" else "anonymous")
    assert again == paused == answered("recurring", "show", "nightly")
    heading, row = told("recurring").splitlines()
    assert heading.split()[:4] == ["NAME", "TASK", "TIMETABLE", "PAUSED"]
    assert "paused" in row
    assert "2100-01-01T00:00:00.000000Z" in told("recurring", "show", "nightly")
    assert answered("recurring", "resume", "nightly")["pause"] is None
    assert run("recurring", "resume", "nightly").exit_code == 3


@pytest.mark.usefixtures("nightly", "over")
@pytest.mark.parametrize("words", [("show",), ("pause", "--reason", "x"), ("resume",)])
def test_one_that_is_not_there_gets_the_nearest_name(words: tuple[str, ...]) -> None:
    result = run("recurring", words[0], "nigthly", *words[1:])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "lastin: There is no recurring job nigthly. Did you mean nightly?\n"


@pytest.mark.usefixtures("over")
def test_a_pause_needs_a_reason() -> None:
    assert run("recurring", "pause", "nightly").exit_code == 2
    assert run("recurring", "pause", "nightly", "--reason", " ").exit_code == 2
