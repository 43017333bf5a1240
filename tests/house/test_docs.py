"""What the documentation points to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..service import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = (
    "api",
    "cli",
    "docs",
    "local",
    "middleware",
    "scheduler",
    "tasks",
    "tests",
    "benchmarks",
    "deploy",
    "commands",
)
EXAMPLES = {"tasks/send_mail.py"}


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", text)) - EXAMPLES

    missing = [name for name in named if not any((ROOT / floor / name).exists() for floor in ("", "middleware"))]
    assert missing == []


def test_every_decision_is_listed_once() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^\| \[\d{4}\]\((.+?)\) \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert listed == sorted(page.name for page in folder.glob("[0-9]*.md"))


def test_the_architecture_names_every_script_that_moves_a_job_through_its_life() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    for script in ("accept", "open_window", "claim", "heartbeat", "settle", "promote", "reclaim", "page", "prune"):
        assert f"`commands/lua/{script}.lua`" in text


def test_the_tests_that_a_page_names_exist() -> None:
    named = {
        found
        for page in PAGES
        for found in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
    }

    assert named
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []
