"""The states in the documentation, drawn and listed, are those of the code."""

from __future__ import annotations

import re

from middleware.jobs import FINAL, TRANSITIONS, JobStatus

from .generated import ROOT

PAGE = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
MOVES = {(origin.value, target.value) for origin, targets in TRANSITIONS.items() for target in targets}


def test_the_diagram_draws_every_move_once() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE)

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == MOVES


def test_the_table_lists_every_move_once() -> None:
    listed = [row for row in re.findall(r"^\| (\w+) \| (\w+) \| .+ \|$", PAGE, re.MULTILINE) if row != ("from", "to")]

    assert len(listed) == len(set(listed))
    assert set(listed) == MOVES


def test_every_state_is_in_the_table_of_moves() -> None:
    assert set(TRANSITIONS) == set(JobStatus)


def test_the_diagram_ends_in_the_final_states() -> None:
    assert set(re.findall(r"^    (\w+) --> \[\*\]$", PAGE, re.MULTILINE)) == {status.value for status in FINAL}


def test_only_an_operators_retry_leads_out_of_a_final_state() -> None:
    assert {target for status in FINAL for target in TRANSITIONS[status]} == {JobStatus.QUEUED}
