"""``lastin queues``, ``windows`` and ``open``, over Redis itself and over the API."""

from __future__ import annotations

import pytest

from middleware.queues.command_user import command_user
from middleware.queues.policy import Policy
from tasks import broker

from .running import answered, run, submitted, told


def test_queues_are_shown_paused_and_resumed(over: str) -> None:
    submitted("x")

    [queue] = [queue for queue in answered("queues") if queue["name"] == "default"]
    paused = answered("queues", "pause", "default", "--reason", "maintenance")
    again = answered("queues", "pause", "default", "--reason", "again", status=3)
    resumed = answered("queues", "resume", "default")

    assert queue["counts"]["queued"] == 1
    assert (paused["gate"], paused["pause"]["reason"]) == ("paused", "maintenance")
    assert paused["pause"]["by"] == (command_user() if over == "local" else "anonymous")
    assert again["pause"] == paused["pause"]
    assert resumed["pause"] is None
    assert run("queues", "resume", "default").exit_code == 3
    assert [line.split()[0] for line in told("queues").splitlines()][:2] == ["NAME", "default"]
    assert told("queues", "show", "default").startswith("name")


@pytest.mark.usefixtures("over")
@pytest.mark.parametrize("words", [("show",), ("pause", "--reason", "x"), ("resume",)])
def test_a_queue_that_is_not_there_gets_the_nearest_name(words: tuple[str, ...]) -> None:
    result = run("queues", words[0], "defualt", *words[1:])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "lastin: There is no queue defualt. Did you mean default?\n"


@pytest.mark.usefixtures("over")
@pytest.mark.parametrize(
    "words",
    [
        ("queues", "pause", "default"),
        ("queues", "pause", "default", "--reason", " "),
        ("open", "--batch", "-1"),
        ("open", "--lasts", "60"),
        ("open", "--lasts", "1ms"),
        ("windows", "list", "--limit", "0"),
    ],
)
def test_what_cannot_be_read_is_refused_with_status_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_windows_are_opened_shown_closed_and_planned(over: str) -> None:
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    submitted("a", "b")

    window = answered("open", "--batch", "5", "--lasts", "10m")
    broker.redis.queue("default").claim("worker", 15_000_000, 1)
    shown = answered("windows", "show", window["id"])
    closed = answered("windows", "close", window["id"])

    assert (window["status"], window["credits"]) == ("open", 5)
    assert window["opened_by"] == ("command" if over == "local" else "operator")
    assert (shown["claimed"], closed["close_reason"]) == (1, "operator")
    assert answered("windows", "close", window["id"], status=3) == closed
    assert answered("windows", "--queue", "default") == [closed]
    assert set(closed) == set(broker.windows.page().windows[0].as_dict())
    assert answered("windows", "next", "default")["count"] == 1
    assert run("windows", "show", "default.999").exit_code == 1
    assert run("windows", "next", "defualt").stderr.endswith("Did you mean default?\n")
    if over == "local":  # over HTTP there is no place for it
        assert f"\nopener          {command_user()}\n" in told("windows", "show", window["id"])
        assert told("windows").splitlines()[1].endswith(f"  {command_user()}  {command_user()}")


def test_one_who_waits_for_a_window_learns_what_it_did(over: str) -> None:
    broker.windows.put_policy("default", Policy(close_when_empty=True))

    result = run("open", "--wait", "--lasts", "300ms")

    assert result.exit_code == 3
    assert "0 of 1000 claimed" in result.stdout or "0 claimed" in result.stdout
    assert result.stderr == "lastin: Nothing was claimed in it.\n"


@pytest.mark.usefixtures("remote")
def test_a_window_that_the_api_refuses_is_told_in_a_line() -> None:
    result = run("open")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith("lastin: Queue 'default' has no policy yet")
    assert run("open", "--queue", "defualt").stderr == "lastin: There is no queue defualt. Did you mean default?\n"


@pytest.mark.usefixtures("redis_url")
def test_a_queue_without_windows_is_refused_as_the_scheduler_refuses_it() -> None:
    result = run("open", "--queue", "nothing")

    assert result.exit_code == 2
    assert "--queue must be a declared queue (" in result.stderr


def test_check_reads_the_cadence_file() -> None:
    shown = answered("check")
    lines = told("check").splitlines()

    assert [queue["queue"] for queue in shown["queues"]] == sorted(broker.get_declared_queues())
    assert len(shown["queues"][0]["ticks"]) == 10
    assert lines[0] == f"{shown['queues'][0]['queue']}: {', '.join(shown['queues'][0]['means'])}"
