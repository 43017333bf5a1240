"""What is left of the jobs that were accepted when the server is killed with -9: DURABILITY against a slow disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import dramatiq
import pytest

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.errors import RedisAwayError
from middleware.processes.server_safety import look
from middleware.redis_link.link import Link

from ..service import wait_until
from .conftest import server_in
from .slow_disk import FAILS, SlowDisk, build

Start = Callable[[str], EmbeddedServer]

SENDERS = 8
SYNC_MS = 200
SLOW_SYNC_MS = 3000
LOST_S, SLACK_S = 2.0, 1.0
"""With everysec, Redis holds back what it would write for two seconds at most while a sync is under way; the slack is
for a machine that is busy with other tests."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job, how long its accept took, and when it was answered (monotonic), in seconds."""

    id: str
    took_s: float
    at_s: float


class Senders:
    """Threads that each send one job after the other, until the server is gone."""

    def __init__(self, url: str) -> None:
        self._broker = LifoBroker(url=url, timeout_s=10, patience_s=0)
        self._broker.declare_queue("default")
        self._pool = ThreadPoolExecutor(SENDERS)
        self._lock = threading.Lock()
        self.accepted: list[Accepted] = []
        self._sending = [self._pool.submit(self._send) for _ in range(SENDERS)]

    def _send(self) -> None:
        while True:
            began = time.monotonic()
            message = dramatiq.Message("default", "work", (), {}, {})
            try:
                self._broker.enqueue(message)
            except RedisAwayError:
                return
            answered = time.monotonic()
            with self._lock:
                self.accepted.append(Accepted(message.message_id, answered - began, answered))

    def wait(self) -> None:
        """Until all have noticed that the server is gone."""
        for sending in self._sending:
            sending.result(20)
        self._pool.shutdown()

    def lost(self) -> list[Accepted]:
        """Those accepted that the server, which was started again, doesn't know."""
        found: set[str] = set()
        ids = [each.id for each in self.accepted]
        for start in range(0, len(ids), 1000):
            found.update(job.id for job in self._broker.store.get_some("default", ids[start : start + 1000]))
        self._broker.close()
        return [each for each in self.accepted if each.id not in found]


@dataclass(frozen=True, slots=True)
class Kill:
    """What a kill did. ``lost``: the jobs that were accepted and aren't there any more; ``at_s``: when (monotonic)."""

    accepted: list[Accepted]
    lost: list[Accepted]
    at_s: float


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk, compiled once."""
    return build(tmp_path_factory.mktemp("slow-disk"))


@pytest.fixture
def disk(tmp_path: Path, library: Path) -> SlowDisk:
    """One that keeps up, until the test says otherwise."""
    return SlowDisk(tmp_path, library)


@pytest.fixture
def start(tmp_path: Path, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a server on the disk, with the durability that it is given."""
    with ExitStack() as ending:

        def started(durability: str) -> EmbeddedServer:
            server = server_in(tmp_path / "redis", durability=durability)
            disk.start(server, monkeypatch)
            ending.callback(server.kill)
            return server

        yield started


def kill_under_load(
    server: EmbeddedServer, disk: SlowDisk, restart: Callable[[], None], *, sync_ms: int, for_s: float = 1.0
) -> Kill:
    """Send jobs for so long, kill the server in the midst of it, start it again and look which jobs it has."""
    disk.syncs_take(sync_ms)
    senders = Senders(server.url)
    enough_at = time.monotonic() + for_s
    wait_until(lambda: time.monotonic() > enough_at and senders.accepted, "jobs to be accepted")
    killed_at = time.monotonic()
    server.kill()
    senders.wait()
    disk.syncs_take(0)
    restart()
    return Kill(senders.accepted, senders.lost(), killed_at)


def test_with_always_no_accepted_job_is_lost_however_slow_the_disk_is(
    start: Start, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start("always")

    kill = kill_under_load(server, disk, lambda: disk.start(server, monkeypatch), sync_ms=SYNC_MS)

    assert kill.lost == []
    assert min(job.took_s for job in kill.accepted) >= SYNC_MS / 1000 * 0.9, "answered before it was on the disk"


def test_with_everysec_none_is_lost_on_a_disk_that_keeps_up(
    start: Start, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start("everysec")

    kill = kill_under_load(server, disk, lambda: disk.start(server, monkeypatch), sync_ms=0)

    assert kill.lost == []


def test_with_everysec_and_a_slow_disk_only_what_was_accepted_in_the_last_two_seconds_can_be_lost(
    start: Start, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start("everysec")

    kill = kill_under_load(server, disk, lambda: disk.start(server, monkeypatch), sync_ms=SLOW_SYNC_MS, for_s=2.8)

    ages_s = [kill.at_s - job.at_s for job in kill.lost]
    print(f"{len(ages_s)} of {len(kill.accepted)} lost, the oldest {max(ages_s, default=0):.2f} s old")
    assert max(ages_s, default=0) <= LOST_S + SLACK_S
    assert len(kill.accepted) > len(kill.lost)


def test_a_write_that_fails_is_shown(start: Start, disk: SlowDisk) -> None:
    server = start("everysec")
    link = Link(server.url, timeout_s=5)
    disk.syncs_take(FAILS)
    link.call("SET", "key", "1")

    def warnings() -> list[str]:
        with suppress(RedisAwayError):  # it refuses writes, not questions
            link.call("SET", "key", "1")
        return look(link, "everysec").warnings

    [warning] = wait_until(warnings, "the sync to fail")
    link.close()

    assert "can't write its append-only file" in warning
