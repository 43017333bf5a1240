"""What pages show, without HTML: the drawing of the stack, words, a cadence in plain language, a form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.dashboard import words
from api.dashboard.models.cadence import next_ticks, policy_sentence
from api.dashboard.models.schema_form import fields_of, payload_of
from api.dashboard.models.stack import Band, Cut, Drawing, drawing_of
from api.dashboard.models.timeline import lane_of, timeline_of
from middleware.jobs import Job, JobError, JobStatus
from middleware.queues.pause import Pause
from middleware.queues.policy import Policy
from middleware.queues.snapshot import QueueSnapshot, WaitingGroups
from middleware.queues.stack import StackShape, Taken, taken_next

S = 1_000_000
NOW_US = 1_700_000_000 * S
AGES_US = (1 * S, 2 * S, 10 * S)


def queue_with(policy: Policy | None = None, waiting: int = 0, **more: Any) -> QueueSnapshot:
    empty = dict.fromkeys(
        (
            *("pause", "window", "next_window_at_us", "last_opened_us", "last_free_claim_us", "oldest_place"),
            *("freshness", "groups"),
        )
    )
    known = {
        "queue": "default",
        "now_us": NOW_US,
        "mode": "windows" if policy is None else policy.mode,
        "policy": policy,
        "order_now": "lifo",
        "windows_were_full": False,
        "waiting_since_us": None,
        "counts": dict.fromkeys(JobStatus, 0) | {JobStatus.QUEUED: waiting},
        **dict.fromkeys(("due", "leases", "finished", "records", "messages"), 0),
        "later_ticks_us": (),
        "counters": {},
        "held_back": 0,
        "task_counters": {},
    }
    return QueueSnapshot(**(empty | known | more))


def drawn(
    counts: tuple[int, ...], taken: Taken, *, top_s: float | None = None, bottom_s: float | None = None
) -> Drawing:
    ages = [None if age is None else round(age * S) for age in (top_s, bottom_s)]
    return drawing_of(queue_with(Policy(batch=10), sum(counts)), StackShape(NOW_US, AGES_US, counts, taken, *ages))


def rows(drawing: Drawing) -> list[tuple[str, int, str] | str]:
    return [row.sentence if isinstance(row, Cut) else (row.label, row.count, row.end) for row in drawing.rows]


def test_the_cut_parts_the_band_in_which_it_lies() -> None:
    drawing = drawn((4, 6, 20, 3), Taken(7, 0), top_s=1.5)

    assert rows(drawing) == [
        ("under 1 s", 4, "top"),
        ("1–1.5 s", 3, "top"),
        "The cut at 1.5 s: what lies below waits for a quieter time.",
        ("1.5–2 s", 3, ""),
        ("2–10 s", 20, ""),
        ("over 10 s", 3, ""),
    ]
    assert drawing.says == "33 jobs wait. The next window takes 7, the newest first."


def test_bands_in_which_nothing_waits_keep_their_place() -> None:
    assert rows(drawn((0, 5, 0, 0), Taken(5, 0))) == [
        ("under 1 s", 0, ""),
        ("1–2 s", 5, "top"),
        ("2–10 s", 0, ""),
        ("over 10 s", 0, ""),
    ]


def test_the_share_of_the_oldest_is_parted_too() -> None:
    drawing = drawn((2, 0, 8, 0), Taken(2, 3), top_s=1, bottom_s=7)

    assert rows(drawing)[1:] == [
        ("1–2 s", 0, ""),
        "The cut at 1 s: what lies below waits for a quieter time.",
        ("2–7 s", 5, ""),
        "Below: the 3 oldest, taken as well by their share.",
        ("7–10 s", 3, "bottom"),
        ("over 10 s", 0, ""),
    ]


def test_one_job_can_be_seen_beside_a_million() -> None:
    one, _, _, many = (row for row in drawn((1, 0, 0, 1_000_000), Taken(0, 0)).rows if isinstance(row, Band))

    assert 2 <= one.width < 10
    assert many.width == 100


@pytest.mark.parametrize(
    ("queue", "says"),
    [
        (queue_with(Policy(mode="continuous"), 2), "2 jobs wait. There are no windows: idle threads take the newest"),
        (queue_with(None, 1), "1 job waits. No scheduler has said yet when they may run."),
        (queue_with(Policy(), 2, pause=Pause("x", "Kim", 0)), "2 jobs wait. The queue is paused: nothing is taken."),
        (queue_with(Policy(), 0), "Nothing waits."),
        (queue_with(Policy(batch=1), 2), "2 jobs wait. The next window has no credits left."),
    ],
)
def test_the_drawing_is_told_in_a_sentence(queue: QueueSnapshot, says: str) -> None:
    waiting = queue.counts[JobStatus.QUEUED]

    drawing = drawing_of(queue, StackShape(NOW_US, AGES_US, (waiting, 0, 0, 0), Taken(0, 0), None, None))
    assert drawing.says.startswith(says)
    assert not [row for row in drawing.rows if isinstance(row, Cut)]

    queue = queue_with(Policy(batch=3, share_by_group=True), 9, groups=WaitingGroups(1, 0, 9))
    drawing = drawing_of(queue, StackShape(NOW_US, AGES_US, (2, 3, 4, 0), taken_next(queue), None, None))
    assert drawing.says == "9 jobs wait, of one group. Windows take the newest first."


def test_the_drawing_tells_of_generation_where_the_queue_goes_by_it() -> None:
    queue = queue_with(Policy(batch=1, order_by="generated"), 2)

    drawing = drawing_of(queue, StackShape(NOW_US, AGES_US, (2, 0, 0, 0), Taken(1, 0), None, None))
    assert drawing.says == "2 jobs wait. The next window takes 1, the last generated first."


EVERY = Policy(batch=1000, lasts_us=2 * S, period_us=2 * S, timetable="every 2s")


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (EVERY, "Every 2 s up to 1,000 jobs, newest first."),
        (replace(EVERY, batch=1, order="fifo"), "Every 2 s up to 1 job, oldest first."),
        (replace(EVERY, batch=0, oldest_share_ppm=100_000), "one in ten for the oldest."),
        (replace(EVERY, oldest_share_ppm=123_000), "12 % for the oldest."),
        (replace(EVERY, period_us=0, timetable="cron 0 2 * * * (UTC)"), "By cron 0 2 * * * (UTC): up to 1,000 jobs"),
        (
            replace(EVERY, lasts_us=1 * S, close_when_empty=False),
            "open for 1 s at most, still open when nothing",
        ),
        (
            Policy(mode="continuous", order="adaptive", lifo_above_us=30 * S, lifo_below_us=15 * S),
            "At any time, without windows, the oldest first until it has waited 30 s, then the newest first",
        ),
        (replace(EVERY, order_by="generated"), "Every 2 s up to 1,000 jobs, last generated first."),
        (replace(EVERY, order="fifo", order_by="generated"), "first generated first."),
        (
            Policy("continuous", "adaptive", lifo_above_us=30 * S, lifo_below_us=15 * S, order_by="generated"),
            "the first generated first until it has waited 30 s, then the last generated first until",
        ),
        (
            Policy("continuous", max_running=20, max_running_per_group=4, share_by_group=True),
            "newest first, by turns of the groups, at most 20 at once, at most 4 of a group at once.",
        ),
    ],
)
def test_a_cadence_is_told_in_plain_language(policy: Policy, sentence: str) -> None:
    assert sentence in policy_sentence(queue_with(policy))


def test_where_groups_share_the_stack_has_no_cut() -> None:
    queue = queue_with(Policy(batch=3, share_by_group=True), 9, groups=WaitingGroups(2, 0, 9))

    assert taken_next(queue).total == 0
    drawing = drawing_of(queue, StackShape(NOW_US, AGES_US, (2, 3, 4, 0), taken_next(queue), None, None))
    assert drawing.says == "9 jobs wait. Windows go round the 2 groups that wait, the newest of each first."
    assert not [row for row in drawing.rows if isinstance(row, Cut)]


def test_the_next_ticks_are_told_as_far_as_they_are_known() -> None:
    assert next_ticks(queue_with(EVERY, next_window_at_us=4 * S)) == [4 * S]
    later_us = tuple(n * S for n in range(6, 30, 2))
    ticks = next_ticks(queue_with(EVERY, next_window_at_us=4 * S, later_ticks_us=later_us))
    assert ticks == [4 * S, 6 * S, 8 * S, 10 * S, 12 * S]
    assert next_ticks(queue_with(EVERY)) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (0.000_2, "200 µs"),
        (0.0123, "12 ms"),
        (0.999_9, "1 s"),
        (1.94, "1.9 s"),
        (59.96, "1 min"),
        (75, "1 min 15 s"),
        (840, "14 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (200_000, "2 d 7 h"),
        (None, "–"),
    ],
)
def test_durations_are_told_as_people_say_them(value: float | None, text: str) -> None:
    assert words.seconds(value) == text


def test_numbers_are_rounded_as_people_say_them() -> None:
    assert [words.number(n) for n in (0, 640, 12_480, 999_499, 1_250_000, 12_345_678)] == [
        *("0", "640", "12,480", "999,499", "1.25 M", "12.3 M")
    ]
    assert [words.rate(n) for n in (0, 0.012, 0.5, 7, 41.3)] == ["0", "0.012", "0.5", "7.0", "41"]
    assert [words.percent(n) for n in (0, 0.0001, 0.034, 0.5, 1)] == ["0 %", "under 0.1 %", "3.4 %", "50 %", "100 %"]
    assert [words.size(n) for n in (0, 999, 1_500, 12_400_000)] == ["0 B", "999 B", "1.5 kB", "12 MB"]


def test_times_in_a_sentence_become_times_and_all_else_is_text() -> None:
    text = str(words.with_moments("<b> since 2026-01-31T12:00:00.000001Z, or 2026-01-31T12:00:01Z."))

    assert text.startswith("&lt;b&gt; since <time ")
    assert text.count("<time datetime=") == 2
    assert "2026-01-31 12:00:00 UTC</time>, or" in text


def test_a_payload_begins_with_its_only_value() -> None:
    assert words.first_words({"message": " two\nlines "}) == "two lines"
    assert words.first_words({"a": 1, "b": "x"}) == "a: 1, b: x"
    assert words.first_words({"message": "x" * 100}, 10) == "x" * 9 + "…"
    assert words.first_words({}) == ""


def test_a_form_is_made_from_a_schema_and_read_by_it() -> None:
    schema = {
        "properties": {
            "kind": {"enum": ["png", 7]},
            "note": {"type": "string", "maxLength": 1000},
            "count": {"type": ["integer", "null"], "default": 1},
        },
        "required": ["kind"],
    }

    assert [(f.name, f.kind, f.required, f.hint) for f in fields_of(schema, {}, {})] == [
        ("kind", "choice", True, "one of png, 7"),
        ("note", "lines", False, "text, up to 1,000 characters"),
        ("count", "number", False, "whole number, 1 if left out"),
    ]
    sent = {"payload.kind": "7", "payload.note": "a\r\nb", "payload.count": " 12 "}
    assert payload_of(schema, sent) == ({"kind": 7, "note": "a\nb", "count": 12}, {})


def job_with(status: JobStatus, **more: Any) -> Job:
    nothing = dict.fromkeys(
        (
            *(
                "place",
                "max_attempts",
                "generated_at_us",
                "warning",
                "due_at_us",
                "expires_at_us",
                "queued_at_us",
                "started_at_us",
                "finished_at_us",
                "window",
                "worker",
            ),
            *(
                "progress",
                "result",
                "result_error",
                "error",
                "reason",
                "superseded_by",
                "subject",
                "group",
                "request_id",
                "traceparent",
            ),
        )
    )
    known = {"id": "a", "seq": NOW_US, "status": status, "task": "t", "queue": "default", "payload": {}, "tags": ()}
    return Job(**(nothing | known | {"attempts": 1, "cancel_requested": False} | more))  # type: ignore[arg-type]


def lived(job: Job) -> list[tuple[str, str]]:
    return [(moment.what, moment.took) for moment in timeline_of(job)]


TIMES = {"queued_at_us": NOW_US, "started_at_us": NOW_US + 2 * S, "finished_at_us": NOW_US + 5 * S}
FAILURE = JobError("ValueError", "no picture", None, NOW_US + 4 * S)


def test_a_life_is_told_with_what_lies_between() -> None:
    assert lived(job_with(JobStatus.PROCESSED, **TIMES)) == [
        ("Accepted", ""),
        ("Claimed", "2 s on the stack"),
        ("Processed", "3 s running"),
    ]
    assert lived(job_with(JobStatus.REJECTED, error=FAILURE, **TIMES)) == [
        ("Accepted", ""),
        ("Claimed", "2 s on the stack"),
        ("Failed", "2 s running"),
        ("Rejected", "1 s more"),
    ]


def test_a_life_that_goes_on_tells_what_comes_next() -> None:
    waits = job_with(JobStatus.SCHEDULED, due_at_us=NOW_US + 9 * S, started_at_us=NOW_US + 2 * S, error=FAILURE)
    assert [what for what, _ in lived(waits)] == ["Accepted", "Failed", "Falls due"]
    again = job_with(JobStatus.QUEUED, queued_at_us=NOW_US + 9 * S, started_at_us=NOW_US + 2 * S, error=FAILURE)
    assert [what for what, _ in lived(again)] == ["Accepted", "Failed", "On the stack", "Waits to be claimed"]
    assert lived(job_with(JobStatus.CANCELLED, queued_at_us=NOW_US, finished_at_us=NOW_US + S))[-1] == (
        *("Cancelled", "1 s on the stack"),
    )


def test_attempts_of_which_nothing_is_kept_are_told_as_that() -> None:
    again = {"queued_at_us": NOW_US + 9 * S, "started_at_us": NOW_US + 2 * S, "error": FAILURE}
    third = job_with(JobStatus.QUEUED, attempts=3, **again)
    assert [what for what, _ in lived(third)] == [
        "Accepted",
        "2 attempts before",
        "Failed",
        "On the stack",
        "Waits to be claimed",
    ]
    runs = job_with(JobStatus.RUNNING, attempts=3, **(again | {"started_at_us": NOW_US + 10 * S}))
    assert [what for what, _ in lived(runs)][1:4] == ["1 attempt before", "Failed", "On the stack"]
    given_up = job_with(JobStatus.REJECTED, attempts=2, error=FAILURE, **TIMES)
    assert [what for what, _ in lived(given_up)][:3] == ["Accepted", "1 attempt before", "Claimed"]
    first = job_with(JobStatus.PROCESSED, attempts=1, **TIMES)
    assert [what for what, _ in lived(first)] == ["Accepted", "Claimed", "Processed"]


def test_a_life_is_drawn_to_scale() -> None:
    delayed = job_with(JobStatus.PROCESSED, **(TIMES | {"queued_at_us": NOW_US + S}))

    assert [(part.kind, part.x, part.width) for part in lane_of(delayed, NOW_US)] == [
        ("delay", 0, 20),
        ("wait", 20, 20),
        ("run", 40, 60),
    ]
