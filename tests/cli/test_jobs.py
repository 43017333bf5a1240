"""``lastin jobs``, ``submit`` and ``why``, over Redis itself and over the API."""

from __future__ import annotations

import pytest

from cli.operations import jobs as operations
from middleware.commands.types import Offer
from middleware.queues.command_user import command_user
from tasks import broker
from tasks.process_message import process_message
from tests.service import wait_until

from .running import answered, run, submitted, told

pytestmark = pytest.mark.usefixtures("over")


def test_a_job_is_submitted_listed_and_shown() -> None:
    [id] = submitted("hello")

    [listed] = answered("jobs", "list")
    shown = answered("jobs", "show", id)

    job = broker.store.get(id)
    assert job is not None
    assert listed == shown == job.as_dict()
    assert shown["payload"] == {"message": "hello"}
    assert told("submit", "other").strip() == answered("jobs", "--limit", "1")[0]["id"]


def test_a_job_of_any_task_is_submitted_with_a_payload_a_delay_and_tags() -> None:
    what = ("--task", "process_message", "--payload", '{"message": "x"}')

    job = answered("submit", *what, "--delay", "1m", "--tag", "a", "--tag", "b")
    later = answered("submit", "y", "--run-at", "2199-01-31T12:00:00+01:00")

    assert (job["status"], job["tags"], job["payload"]) == ("scheduled", ["a", "b"], {"message": "x"})
    assert later["due_at"] == "2199-01-31T11:00:00.000000Z"


def test_a_job_is_submitted_with_a_deadline() -> None:
    after = answered("submit", "x", "--expires-in", "1m")
    at = answered("submit", "y", "--expires-at", "2199-01-31T12:00:00+01:00")

    job = broker.store.get(after["id"])
    assert job is not None
    assert (job.expires_at_us or 0) - job.created_at_us == 60_000_000
    assert at["expires_at"] == "2199-01-31T11:00:00.000000Z"


def test_a_deadline_that_cannot_be_met_is_told() -> None:
    broker.control.pause("default", by="ada", reason="for lunch")

    def is_told() -> bool:  # the API looks once a second
        result = run("submit", "x", "--expires-in", "1m")
        assert result.exit_code == 0
        [id] = result.stdout.split()
        assert (answered("jobs", "show", id)["warning"] or "") in result.stderr
        return "and queue default is paused: for lunch." in result.stderr

    wait_until(is_told, "a warning")


def test_a_job_is_submitted_with_the_time_of_its_generation() -> None:
    job = answered("submit", "x", "--generated-at", "2024-01-31T12:00:00.25+01:00")

    assert job["generated_at"] == "2024-01-31T11:00:00.250000Z"
    assert answered("jobs", "show", job["id"]) == job


def test_a_job_is_submitted_with_a_subject() -> None:
    about = ("--subject", "customer-7", "--supersede-running", "--max-defer", "1m")
    old = answered("submit", "x", *about)
    new = answered("submit", "y", *about)

    shown = answered("jobs", "show", old["id"])
    assert (shown["status"], shown["superseded_by"]) == ("superseded", new["id"])
    assert (new["status"], new["subject"]) == ("queued", "customer-7")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("submit",), "MESSAGE"),
        (("submit", " "), "message"),
        (("submit", "x", "--task", "process_message"), "MESSAGE"),
        (("submit", "x", "--payload", "{}"), "--payload"),
        (("submit", "--task", "process_message", "--payload", "{"), "--payload isn't JSON"),
        (("submit", "--task", "process_message", "--payload", '{"x": 1}'), "x"),
        (("submit", "--task", "process_message", "--payload", "[]"), "nvalid"),
        (("submit", "x", "--delay", "-1"), "--delay"),
        (("submit", "x", "--delay", "1s", "--run-at", "2199-01-31T12:00:00Z"), "can't be given together"),
        (("submit", "x", "--expires-in", "soon"), "--expires-in"),
        (("submit", "x", "--max-defer", "1s"), "subject"),
        (("submit", "x", "--subject", "a", "--max-defer", "0s"), "max_defer"),
        (("submit", "x", "--supersede-running"), "subject"),
        (("submit", "x", "--subject", ""), "subject"),
        (("submit", "x", "--group", ""), "group"),
        (("submit", "x", "--expires-in", "1s", "--expires-at", "2199-01-31T12:00:00Z"), "can't be given together"),
        (("submit", "x", "--subject", "a", "--max-defer", "long"), "--max-defer"),
        (("submit", "x", "--tag", ""), "--tag"),
        (("submit", "x", "--tag", "a,b"), "--tag"),
        (("submit", "--task", "proces_message", "--payload", '{"message": "x"}'), "process_message"),
        (("jobs", "list", "--status", "lost"), "--status"),
        (("jobs", "--window", "nothing"), "window"),
        (("jobs", "list", "--created-after", "yesterday"), "yesterday"),
        (("jobs", "list", "--created-after", "2030-01-31T12:00:00"), "2030-01-31T12:00:00"),
        (("jobs", "list", "--limit", "0"), "--limit"),
        (("jobs", "cancel"), "Say which jobs"),
        (("jobs", "cancel", "id", "--queue", "default"), "Say which jobs"),
        (("jobs", "retry", "--status", "running"), "--status"),
        (("jobs", "lst"), "Did you mean 'list'?"),
        (("jbs",), "Did you mean 'jobs'?"),
        (("jobs", "list", "--stauts", "queued"), "'--status'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_status_2(words: tuple[str, ...], says: str) -> None:
    result = run(*words)

    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not answered("jobs")


def test_lists_go_by_the_filters_and_beyond_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.operations.paging.LONGEST_PAGE", 2)
    ids = submitted(*"abc")
    run("jobs", "cancel", ids[0])

    assert [job["id"] for job in answered("jobs", "--status", "queued")] == [ids[2], ids[1]]
    assert [job["id"] for job in answered("jobs", "--limit", "600")] == ids[::-1]
    assert [job["id"] for job in answered("jobs", "--created-after", "1h", "--task", "process_message")] == ids[::-1]
    assert answered("jobs", "--created-before", "1h") == []


def test_filters_take_several_values_any_of_which_fits() -> None:
    a, b, c = [answered("submit", tag, "--tag", tag)["id"] for tag in "abc"]
    run("jobs", "cancel", "--tag", "a")

    assert [job["id"] for job in answered("jobs", "--tag", "a", "--tag", "c")] == [c, a]
    assert [job["id"] for job in answered("jobs", "--status", "queued", "--status", "cancelled")] == [c, b, a]
    two = ("--queue", "default", "--queue", "nobody", "--task", "process_message", "--task", "nobody")
    assert answered("jobs", "cancel", "--status", "queued", "--status", "running", *two)["count"] == 2


def test_a_name_that_nobody_has_gets_the_nearest_one() -> None:
    result = run("jobs", "--queue", "defualt", "--json")

    assert (result.exit_code, result.stdout) == (0, "[]\n")
    assert "There is no queue defualt. Did you mean default?" in result.stderr
    assert "Did you mean process_message?" in run("jobs", "cancel", "--task", "proces_message").stderr


def test_a_table_has_a_line_for_each_job_and_no_control_characters() -> None:
    broker.redis.queue("default").accept([Offer("evil", "\x1b[31mred", b"{}")])

    heading, line = told("jobs").splitlines()

    assert heading.split()[:3] == ["ID", "STATUS", "TASK"]
    assert line.split()[:2] == ["evil", "queued"]
    assert line.isprintable()
    assert all(line.isprintable() for line in told("jobs", "show", "evil").splitlines())


def test_why_is_shown_in_words_and_as_json() -> None:
    [id] = submitted("x")

    words = told("why", id)
    shown = answered("why", id)

    assert words.startswith(f"{id} is queued.\n- ")
    assert "No scheduler has said yet" in words
    assert "It starts at an unknown time" in words
    assert [cause["code"] for cause in shown["causes"]] == ["no_policy", "no_worker"]
    assert run("why", "nobody").exit_code == run("jobs", "show", "nobody").exit_code == 1


def test_jobs_are_cancelled_and_retried_by_their_ids() -> None:
    a, b = submitted("a", "b")

    assert told("jobs", "cancel", a, b, "--reason", "withdrawn") == f"{a} cancelled.\n{b} cancelled.\n"
    assert answered("jobs", "show", a)["reason"].startswith("withdrawn")
    assert answered("jobs", "cancel", a, status=3) == []
    [retried] = answered("jobs", "retry", a)
    assert (retried["id"], retried["status"]) == (a, "queued")
    again = run("jobs", "retry", a)
    assert (again.exit_code, again.stderr.splitlines()[0]) == (3, f"lastin: {a}: It waits to run already.")
    mixed = run("jobs", "retry", b, "nobody")
    assert (mixed.exit_code, mixed.stdout) == (1, f"{b} put back on top.\n")


def test_what_has_ended_is_not_cancelled() -> None:
    [id] = submitted("x")
    broker.redis.queue("default").cancel_all([id], "first")
    run("jobs", "retry", id)
    [claimed] = _claimed()

    running = told("jobs", "cancel", claimed)

    assert running == f"{claimed} is asked to stop.\n"
    assert run("jobs", "cancel", claimed).exit_code == 3


def _claimed() -> list[str]:
    from middleware.queues.policy import Policy

    broker.windows.put_policy("default", Policy(close_when_empty=False))
    broker.windows.open("default", opened_by="operator", credits=1, lasts_us=60_000_000)
    broker.redis.queue("default").claim("worker", 15_000_000, 1)
    return [job["id"] for job in answered("jobs", "--status", "running")]


def test_jobs_are_cancelled_and_retried_by_filters() -> None:
    submitted(*"abc")

    assert answered("jobs", "cancel", "--queue", "default") == {"count": 3, "asked": 0}
    assert answered("jobs", "cancel", "--queue", "default", status=3) == {"count": 0, "asked": 0}
    assert told("jobs", "retry", "--status", "cancelled") == "3 jobs put back on top.\n"
    assert len(answered("jobs", "--status", "queued")) == 3


def test_bulk_work_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "BULK_STEP", 2)
    submitted(*"abcde")

    assert answered("jobs", "cancel", "--task", "process_message")["count"] == 5


def test_who_cancelled_or_retried_a_job_is_shown(over: str) -> None:
    [id] = submitted("a")
    by = f" (by {command_user()})" if over == "local" else ""

    run("jobs", "cancel", id, "--reason", "withdrawn")
    cancelled = answered("jobs", "show", id)["reason"]
    run("jobs", "retry", id)
    again = answered("jobs", "show", id)["reason"]

    assert (cancelled, again) == (f"withdrawn{by}", f"retried{by}" if by else None)


STEERING = "a\x9b31mb\u202ec\u2066d\x7fe\u200bf\x1bg\U000e0041"
"""Begins commands to a terminal, turns the direction of what follows, and hides."""


@pytest.mark.parametrize("words", [("show",), ("show", "--json"), ("why",), ("list",), ("list", "--json")])
def test_what_jobs_hold_steers_no_terminal(words: tuple[str, ...]) -> None:
    id = process_message.send(STEERING).message_id
    broker.cancel(id, reason=STEERING)

    what = {"show": ("jobs", "show", id), "why": ("why", id), "list": ("jobs", "list")}[words[0]]
    result = run(*what, *words[1:])

    assert result.exit_code == 0
    assert all(char.isprintable() or char == "\n" for char in result.output), repr(result.output)


def test_programs_read_what_jobs_hold_as_it_is() -> None:
    id = process_message.send(STEERING).message_id

    assert answered("jobs", "show", id)["payload"] == {"message": STEERING}


def test_what_is_given_steers_no_terminal_either() -> None:
    for words in (("jobs", "show"), ("jobs", "cancel"), ("jobs", "retry"), ("why",), ("jobs",), ("queues", "show")):
        assert "\x9b" not in run(*words, "\x9b31m").output
    assert "\x9b" not in run("jobs", "--queue", "\x9b31m").output
