"""``make upstream``: what is left out is told to readers, and what can't be had is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.upstream import run
from tests.upstream.beside.left_out import LEFT_OUT, NOT_RUN

from ..service import ROOT

PAGE = (ROOT / "docs" / "dramatiq-compatibility.md").read_text(encoding="utf-8")


def test_the_page_tells_every_reason_and_how_many_tests_have_it() -> None:
    told = dict(re.findall(r"^\| (\d+) \| (.+?) \|", PAGE, re.MULTILINE))
    reasons = [*LEFT_OUT.values(), *NOT_RUN.values()]

    listed = {(int(number), reason) for number, reason in re.findall(r"^\| (\d+) \| (.+?) \|", PAGE, re.MULTILINE)}
    assert told
    assert listed == {(reasons.count(reason), reason) for reason in reasons}


def test_where_the_sdist_can_not_be_had_it_is_said_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "FOLDER", tmp_path)
    monkeypatch.setattr(run, "version", lambda name: "0.0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    assert run.main([]) == 0
    assert capsys.readouterr().err.startswith("NOT RUN: Dramatiq's own tests, since its sdist can't be had (")


def test_nothing_of_dramatiqs_tests_is_in_the_repository() -> None:
    assert ".upstream/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not list((ROOT / "tests" / "upstream").rglob("test_*.py"))
