"""How ``make run`` takes lines apart that reach it in one piece."""

from __future__ import annotations

import io
import json
from datetime import datetime

import pytest
from honcho.printer import Message

from local.console import Console

LOGGED = (
    '{"time":"2026-11-28T20:25:47.246163Z","level":"WARNING","logger":"jobs","process":"worker",'
    '"message":"it\u2028failed"}'
)


def printed(data: str | bytes, **environment: str) -> list[str]:
    out = io.StringIO()
    console = Console(environment, out)
    console.write(Message(type="line", data=data, time=datetime.now(), name="worker", colour=None))
    return out.getvalue().split("\n")[:-1]


def test_a_line_of_the_log_is_passed_on_to_programs_as_it_is() -> None:
    assert printed(f"{LOGGED}\n".encode()) == [LOGGED]


@pytest.mark.parametrize("text", ["half a print", '{"time":"never ended', '{"some": "json"}'])
def test_what_else_a_process_prints_becomes_a_line_of_its_own(text: str) -> None:
    [line] = map(json.loads, printed(f"{text}\n"))

    assert (line["message"], line["process"], line["logger"], line["level"]) == (text, "worker", "output", "INFO")


def test_a_print_and_a_line_that_came_between_its_text_and_its_end_are_told_apart() -> None:
    first, second = printed(f"half a print{LOGGED}\n")

    assert (json.loads(first)["message"], second) == ("half a print", LOGGED)
    assert printed("\n") == []


def test_people_see_both_with_the_name_of_the_process() -> None:
    first, second = printed(f"half a print{LOGGED}\n", LOG_FORMAT="console")

    assert first.split(maxsplit=2)[1:] == ["worker", "half a print"]
    assert second.split(maxsplit=2)[1:] == ["worker", "WARNING it\\u2028failed"]
