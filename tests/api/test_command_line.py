"""The command line for operators."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli import jobs, queues, windows
from local.embedded import free_port
from middleware.queues.command_user import command_user
from middleware.queues.policy import Policy
from tasks import broker
from tasks.process_message import process_message
from tests.service import python

GROUPS = {"jobs": jobs, "queues": queues, "windows": windows}

pytestmark = pytest.mark.usefixtures("redis_url")


def run(*words: str) -> Result:
    """A command in this process."""
    return CliRunner().invoke(GROUPS[words[0]], words[1:])


def answered(*words: str, status: int = 0) -> Any:
    """What it printed as JSON."""
    result = run(*words, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def submitted(*messages: str) -> list[str]:
    return [answered("jobs", "submit", message)["id"] for message in messages]


def test_a_job_is_submitted_listed_and_shown() -> None:
    [id] = submitted("hello")

    [listed] = answered("jobs", "list")
    shown = answered("jobs", "show", id)

    assert listed == shown == broker.store.get(id).as_dict()  # type: ignore[union-attr]
    assert shown["payload"] == {"message": "hello"}
    assert run("jobs", "submit", "other").stdout.strip() == answered("jobs", "list", "--limit", "1")[0]["id"]


def test_a_job_of_any_task_is_submitted_with_a_payload_a_delay_and_tags() -> None:
    given = (
        "--task",
        "process_message",
        "--payload",
        '{"message": "x"}',
        "--delay-s",
        "60",
        "--tag",
        "a",
        "--tag",
        "b",
    )

    job = answered("jobs", "submit", *given)

    assert (job["status"], job["tags"], job["payload"]) == ("scheduled", ["a", "b"], {"message": "x"})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("jobs", "submit"), "message"),
        (("jobs", "submit", "x", "--payload", "{"), "--payload isn't JSON"),
        (("jobs", "submit", "x", "--delay-s", "-1"), "delay_s"),
        (("jobs", "submit", "x", "--task", "nobody"), "task"),
        (("jobs", "list", "--status", "lost"), "--status"),
        (("jobs", "list", "--created-after", "yesterday"), "created_after"),
        (("jobs", "list", "--limit", "0"), "--limit"),
        (("jobs", "cancel"), "Say which jobs"),
        (("jobs", "cancel", "id", "--queue", "default"), "Say which jobs"),
        (("jobs", "retry", "--status", "running"), "--status"),
        (("queues", "pause", "default"), "--reason"),
        (("queues", "pause", "default", "--reason", " "), "reason"),
        (("windows", "open", "default", "--batch", "-1"), "batch"),
        (("windows", "list", "--limit", "501"), "limit"),
    ],
)
def test_what_cannot_be_read_is_refused_with_status_2(words: tuple[str, ...], says: str) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert says in result.stderr
    assert not answered("jobs", "list")


def test_lists_go_by_the_filters_and_beyond_a_page() -> None:
    ids = submitted(*"abc")
    run("jobs", "cancel", ids[0])

    assert [job["id"] for job in answered("jobs", "list", "--status", "queued")] == [ids[2], ids[1]]
    assert [job["id"] for job in answered("jobs", "list", "--limit", "600")] == ids[::-1]
    assert answered("jobs", "list", "--queue", "nobody") == []


def test_a_table_has_a_line_for_each_job_and_no_control_characters() -> None:
    broker.redis.queue("default").accept([("evil", "\x1b[31mred", b"{}", b"")])

    heading, line = run("jobs", "list").stdout.splitlines()

    assert heading.split()[:3] == ["ID", "STATUS", "TASK"]
    assert line.split()[:2] == ["evil", "queued"]
    assert line.isprintable()
    assert all(line.isprintable() for line in run("jobs", "show", "evil").stdout.splitlines())


def test_why_is_shown_in_words_and_as_json() -> None:
    [id] = submitted("x")

    words = run("jobs", "show", id, "--why").stdout
    shown = answered("jobs", "show", id, "--why")

    assert "No scheduler has said yet" in words
    assert "at an unknown time" in words
    assert [cause["code"] for cause in shown["causes"]] == ["no_policy", "no_worker"]


def test_jobs_are_cancelled_and_retried_by_their_ids() -> None:
    a, b = submitted("a", "b")

    assert run("jobs", "cancel", a, b, "--reason", "withdrawn").exit_code == 0
    assert answered("jobs", "show", a)["reason"] == f"withdrawn (by {command_user()})"
    assert answered("jobs", "cancel", a, status=3) == [{"id": a, "answer": "already"}]
    assert answered("jobs", "retry", a) == [{"id": a, "answer": "queued"}]
    assert run("jobs", "retry", a).exit_code == 3
    assert run("jobs", "retry", b, "nobody").exit_code == 1


def test_jobs_are_cancelled_and_retried_by_filters() -> None:
    submitted(*"abc")

    assert answered("jobs", "cancel", "--queue", "default") == {"count": 3}
    assert answered("jobs", "cancel", "--queue", "default", status=3) == {"count": 0}
    assert run("jobs", "retry", "--status", "cancelled").stdout == "3 jobs put back on top.\n"
    assert len(answered("jobs", "list", "--status", "queued")) == 3


def test_bulk_work_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["api.cli.jobs"], "BULK_STEP", 2)
    submitted(*"abcde")

    assert answered("jobs", "cancel", "--task", "process_message") == {"count": 5}


def test_queues_are_shown_paused_and_resumed() -> None:
    submitted("x")

    [queue] = [queue for queue in answered("queues", "list") if queue["name"] == "default"]
    paused = answered("queues", "pause", "default", "--reason", "maintenance")
    assert answered("queues", "pause", "default", "--reason", "again", status=3)["pause"] == paused["pause"]
    resumed = answered("queues", "resume", "default")

    assert queue["counts"]["queued"] == 1
    assert (paused["gate"], paused["pause"]["reason"]) == ("paused", "maintenance")
    assert "command line" in paused["pause"]["by"]
    assert resumed["pause"] is None
    assert run("queues", "resume", "default").exit_code == 3
    assert run("queues", "show", "nobody").exit_code == 1
    assert "default" in run("queues", "list").stdout
    assert run("queues", "show", "default").stdout.startswith("name")


def test_windows_are_opened_shown_closed_and_planned() -> None:
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    submitted("a", "b")

    window = answered("windows", "open", "default", "--batch", "5", "--lasts-s", "600")
    broker.redis.queue("default").claim("worker", 15_000_000, 1)
    shown = answered("windows", "show", window["id"])
    closed = answered("windows", "close", window["id"])

    assert (window["status"], window["opened_by"], window["credits"]) == ("open", "command", 5)
    assert (shown["claimed"], closed["close_reason"]) == (1, "operator")
    assert answered("windows", "close", window["id"], status=3) == closed
    assert answered("windows", "list", "--queue", "default") == [closed]
    me = command_user()
    assert f"\nopener          {me}\n" in (told := run("windows", "show", window["id"]).stdout), told
    assert f"\ncloser          {me}\n" in told
    assert run("windows", "list").stdout.splitlines()[1].endswith(f"  {me}  {me}")
    assert answered("windows", "next", "default")["count"] == 1
    assert run("windows", "show", "default.999").exit_code == 1
    assert run("windows", "open", "nobody").exit_code == 1


def test_a_window_of_a_queue_without_a_policy_is_refused_in_a_line() -> None:
    broker.declare_queue("default")

    result = run("windows", "open", "default")

    assert result.exit_code == 1
    assert result.stderr.startswith("lastin: Queue 'default' has no policy yet")
    assert len(result.stderr.splitlines()) == 1


def test_redis_away_is_shown_in_one_line_with_status_1() -> None:
    done = python("-m", "flask", "--app", "api", "jobs", "list", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("lastin: Redis doesn't answer")


STEERING = "a\x9b31mb\u202ec\u2066d\x7fe\u200bf\x1bg\U000e0041"
"""Begins commands to a terminal, turns the direction of what follows, and hides."""


@pytest.mark.parametrize("words", [("show",), ("show", "--json"), ("show", "--why"), ("list",), ("list", "--json")])
def test_what_jobs_hold_steers_no_terminal(words: tuple[str, ...]) -> None:
    id = process_message.send(STEERING).message_id
    broker.cancel(id, reason=STEERING)

    result = run("jobs", words[0], *([id] if words[0] == "show" else []), *words[1:])

    assert result.exit_code == 0
    assert all(char.isprintable() or char == "\n" for char in result.output), repr(result.output)


def test_programs_read_what_jobs_hold_as_it_is() -> None:
    id = process_message.send(STEERING).message_id

    assert answered("jobs", "show", id)["payload"] == {"message": STEERING}


def test_ids_steer_no_terminal_either() -> None:
    for words in (("jobs", "show"), ("jobs", "cancel"), ("jobs", "retry")):
        assert "\x9b" not in run(*words, "\x9b31m").output


def test_who_cancelled_or_retried_a_job_is_shown() -> None:
    [id] = submitted("a")

    run("jobs", "cancel", id, "--reason", "withdrawn")
    cancelled = answered("jobs", "show", id)["reason"]
    run("jobs", "retry", id)
    again = answered("jobs", "show", id)["reason"]

    assert (cancelled, again) == (f"withdrawn (by {command_user()})", f"retried (by {command_user()})")
