from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler import watch
from scheduler.errors import CadenceError
from scheduler.watch import DELIVERED, CadenceWatcher, our_watcher

GOOD, BETTER, BAD = '[queues.default]\nevery = "2s"', '[queues.default]\nevery = "30s"', "[queues.default]\nevery = 2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cadence.toml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def file(path: Path) -> CadenceWatcher:
    file = CadenceWatcher(path, ["default"], {})
    file.read()
    return file


def test_a_file_that_is_as_it_was_is_not_read_again(file: CadenceWatcher) -> None:
    assert [file.poll(), file.poll()] == [None, None]


def test_a_changed_file_is_read_once_it_has_been_quiet(file: CadenceWatcher, path: Path) -> None:
    path.write_text("# half of it")
    assert file.poll() is None
    path.write_text(BETTER)
    assert file.poll() is None
    cadence = file.poll()
    assert cadence is not None
    assert str(cadence.queues["default"].timetable.ticks) == "every 30s"
    assert file.poll() is None


def test_a_file_that_another_takes_the_place_of_is_read(file: CadenceWatcher, path: Path) -> None:
    other = path.with_name("other")
    other.write_text(BETTER)
    os.replace(other, path)
    assert [file.poll(), file.poll() is not None] == [None, True]


def test_an_error_is_shown_once_and_a_repaired_file_is_read(
    file: CadenceWatcher, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(BAD)
    assert [file.poll() for _ in range(4)] == [None] * 4
    assert caplog.text.count("queues.default.every must be a duration") == 1
    assert "The cadence that was read before stays in force." in caplog.text

    path.write_text(BETTER)
    assert [file.poll(), file.poll() is not None] == [None, True]


def test_a_file_that_is_gone_is_shown_once(file: CadenceWatcher, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.unlink()
    assert [file.poll() for _ in range(4)] == [None] * 4
    assert caplog.text.count("can't be read: No such file or directory") == 1


def test_it_is_read_at_once_when_told_to(file: CadenceWatcher, path: Path) -> None:
    path.write_text(BETTER)
    assert file.reread() is not None
    path.write_text(BAD)
    assert file.reread() is None


def test_the_first_reading_raises(path: Path) -> None:
    path.write_text(BAD)
    with pytest.raises(CadenceError):
        CadenceWatcher(path, ["default"], {}).read()


def test_why_it_could_not_be_read_is_known_until_it_can(file: CadenceWatcher, path: Path) -> None:
    path.write_text(BAD)
    assert file.reread() is None
    assert file.error is not None
    assert "queues.default.every" in file.error
    path.write_text(BETTER)
    assert file.reread() is not None
    assert file.error is None


def test_a_cadence_has_a_digest_of_what_it_means(path: Path) -> None:
    def digest(text: str) -> str:
        path.write_text(text)
        return CadenceWatcher(path, ["default"], {}).read().digest

    assert digest(GOOD) == digest(f"# The same.\n{GOOD}\nbatch = 0")
    assert len({digest(GOOD), digest(BETTER), digest(f'{GOOD}\nblackout = ["Sat"]')}) == 3


def test_a_cadence_file_of_the_project_takes_the_place_of_the_delivered_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert our_watcher().path == DELIVERED

    monkeypatch.setattr(watch, "OF_THE_PROJECT", path)

    assert our_watcher().path == path
