"""Folders of metrics: fresh for each process group, shared inside it, taken away with it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from middleware.metrics.process_group import GroupFolderError, ProcessGroup

from ...service import ROOT, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are told apart by /proc")

HOLD = """
import os, sys
from middleware.metrics.process_group import ProcessGroup
group = ProcessGroup(sys.argv[1], os.getpid())
print(group.folder(), group.host(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


class Holder:
    """A process that has a folder, until it is killed."""

    def __init__(self, process: str = "worker") -> None:
        command = [sys.executable, "-c", HOLD, process]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        folder, self.host = self._process.stdout.readline().split()
        self.folder = Path(folder)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_a_folder_is_the_same_for_a_group_and_another_for_the_next() -> None:
    here = ProcessGroup("web", os.getpid())

    assert here.folder() == ProcessGroup("web", os.getpid()).folder()
    assert here.folder() != ProcessGroup("web", os.getppid()).folder()
    assert here.folder().stat().st_mode & 0o077 == 0


def test_the_folder_of_a_group_that_was_killed_is_taken_away() -> None:
    dead, alive = Holder(), Holder()
    (dead.folder / "gauge_livesum_1.db").touch()
    dead.kill()

    ProcessGroup("worker", os.getpid()).folder()

    assert not dead.folder.exists()
    assert alive.folder.exists()
    alive.kill()


def test_groups_of_a_kind_on_one_machine_have_numbers_which_come_back() -> None:
    first, second, other = Holder(), Holder(), Holder("scheduler")
    assert second.host == f"{first.host}.2"
    assert other.host == first.host

    first.kill()
    third = Holder()

    assert third.host == first.host
    for holder in (second, other, third):
        holder.kill()


def test_a_folder_that_others_can_write_to_is_refused() -> None:
    folder = ProcessGroup("web", os.getpid()).folder()
    folder.parent.chmod(0o777)

    with pytest.raises(GroupFolderError, match="nobody else can write to"):
        ProcessGroup("web", os.getpid()).folder()


def test_the_members_of_a_group_are_its_leader_and_all_that_descend_from_it() -> None:
    command = ["sh", "-c", "sleep 60 & sleep 60"]
    leader = subprocess.Popen(command, start_new_session=True)
    try:
        processes = wait_until(
            lambda: len(found := ProcessGroup("worker", leader.pid).members()) == 3 and found, "three processes"
        )
        assert processes[0] == leader.pid
    finally:
        os.killpg(leader.pid, 9)
        leader.wait()
    assert ProcessGroup("worker", leader.pid).members() == []
