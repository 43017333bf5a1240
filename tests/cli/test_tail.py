"""``lastin tail`` follows jobs live."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..service import ROOT, RunningService, clean_environment, wait_until, whole_lines

TAIL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which tests that run in the background ignore
from cli.__main__ import main
main()
"""
Following = Callable[..., "Tail"]


class Tail:
    """A ``lastin tail`` in a process of its own."""

    def __init__(self, folder: Path, words: tuple[str, ...], settings: dict[str, str]) -> None:
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", TAIL, "tail", *words],
                cwd=ROOT,
                env=clean_environment(**settings),
                stdout=out,
                stderr=err,
            )

    def lines(self) -> list[str]:
        """What it has printed so far."""
        return whole_lines(self._out.read_text(encoding="utf-8", errors="replace"))

    def said(self) -> str:
        """What it has said on stderr so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    def end(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture(params=["local", "remote"])
def follow(request: pytest.FixtureRequest, service: RunningService, tmp_path: Path) -> Iterator[Following]:
    """Starts to follow the jobs of a running service."""
    settings = {"local": {"REDIS_URL": service.server.url}, "remote": {"LASTIN_URL": service.url}}[request.param]
    with ExitStack() as stack:

        def start(*words: str) -> Tail:
            (folder := tmp_path / f"tail-{len(list(tmp_path.iterdir()))}").mkdir()
            tail = Tail(folder, words, settings)
            stack.callback(tail.process.kill)
            return tail

        yield start


def _submit(service: RunningService, message: str) -> str:
    id: str = service.post("/v1/jobs", {"message": message}).json["id"]
    return id


def test_jobs_are_followed_from_their_acceptance_to_their_end(service: RunningService, follow: Following) -> None:
    before = _submit(service, "before")
    service.wait_for_job(before)
    tail = follow("-n", "1")
    of_processed = follow("--json", "--status", "processed")
    wait_until(lambda: [before in line for line in tail.lines()] == [True], "what was there before")
    wait_until(of_processed.lines, "what was there before")

    id = _submit(service, "live")

    wait_until(lambda: any("processed" in line and id in line for line in tail.lines()), "the end of the job")
    wait_until(lambda: len(of_processed.lines()) == 2, "the end of the job")
    assert [json.loads(line)["id"] for line in of_processed.lines()] == [before, id]
    assert all(json.loads(line)["status"] == "processed" for line in of_processed.lines())
    assert [tail.end(), of_processed.end()] == [0, 0]
    assert tail.said() == ""
    assert "process_message" in tail.lines()[-1]
    assert "waited" in tail.lines()[-1]


def test_an_outage_is_waited_for(service: RunningService, follow: Following) -> None:
    tail = follow()
    id = _submit(service, "first")
    wait_until(lambda: any(id in line for line in tail.lines()), "the job")

    service.kill("redis")
    wait_until(lambda: "Waiting." in tail.said(), "a word about the outage")
    service.server.start()
    wait_until(lambda: "It answers again." in tail.said(), "a word about its end")
    service.wait_until_ready()
    later = _submit(service, "later")

    wait_until(lambda: any("processed" in line and later in line for line in tail.lines()), "the later job")
    assert tail.end() == 0
    assert len(tail.said().splitlines()) == 2
    assert os.path.getsize(tail._err) < 1000
