"""What somebody may have meant."""

from __future__ import annotations

import time

import pytest

from middleware.nearest import LONGEST_NAME, hint, nearest

FIELDS = ("message", "delay_s", "run_at", "tags", "task", "payload")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("delay", "delay_s"), ("delayS", "delay_s"), ("runAt", "run_at"), ("Run-At", "run_at"), ("tag", "tags")),
        *(("payloads", "payload"), ("mesage", "message"), ("colour", None), ("", None), ("x" * 99, None)),
    ],
)
def test_a_slip_is_understood_and_what_isnt_like_anything_is_not(name: str, meant: str | None) -> None:
    assert nearest(name, FIELDS) == meant


def test_where_nothing_is_like_it_a_hint_tells_what_there_is_unless_that_is_much() -> None:
    assert hint("delay", FIELDS) == " Did you mean delay_s?"
    assert hint("colour", FIELDS) == " There are: delay_s, message, payload, run_at, tags, task."
    assert hint("colour", ()) == ""
    assert hint("colour", [f"queue-{n}" for n in range(21)]) == ""


def test_a_hostile_name_takes_no_time() -> None:
    begin = time.thread_time()
    for name in ("a" * LONGEST_NAME, "a" * 10**6, "ab" * 32):
        hint(name, [f"{'a' * 60}{n}" for n in range(200)])

    assert time.thread_time() - begin < 1.0
