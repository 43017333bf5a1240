"""The Procfile's processes: one that asks for a new start gets it, any other end of one ends all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.restarting import RestartingProcess

from ..service import ROOT, clean_environment, wait_until

RUN = """
import os, sys
from pathlib import Path
from local import restarting
from local.console import Console
from local.procfile import ProcfileManager

restarting.FIRST_PAUSE_S = float(sys.argv[2])
manager = ProcfileManager(os.environ, Console({"LOG_FORMAT": "console"}), kill_after_s=10, procfile=Path(sys.argv[1]))
manager.loop()
print("failure:", manager.failure)
"""
STAYS = "exec sleep 60"
# Ends with the statuses it is given, one at each start, and then stays.
ENDS = """
import signal, sys, time
from pathlib import Path
starts = Path(sys.argv[1])
starts.write_text((starts.read_text() if starts.exists() else "") + "start\\n")
statuses = sys.argv[2].split(",")
number = starts.read_text().count("start")
if number <= len(statuses):
    sys.exit(int(statuses[number - 1]))
def terminate(number, frame):
    starts.write_text(starts.read_text() + "SIGTERM\\n")
signal.signal(signal.SIGTERM, terminate)
print("goes on", flush=True)
signal.pause()
time.sleep(0.3)  # for a second SIGTERM, if there should be one
"""


class Running:
    """A manager of a Procfile of two processes: ``ends``, which ends with these statuses, and ``stays``."""

    def __init__(self, folder: Path, statuses: str, pause_s: float) -> None:
        (folder / "ends.py").write_text(ENDS, encoding="utf-8")
        (folder / "Procfile").write_text(
            f"ends: exec {sys.executable} {folder / 'ends.py'} {folder / 'starts'} {statuses}\nstays: {STAYS}\n",
            encoding="utf-8",
        )
        self._starts = folder / "starts"
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, folder / "Procfile", str(pause_s)],
                cwd=ROOT,
                env=clean_environment(PYTHONUNBUFFERED="1"),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    @property
    def starts(self) -> list[str]:
        """What ``ends`` noted: its starts, and each SIGTERM that reached it when it stayed."""
        return self._starts.read_text(encoding="utf-8").split() if self._starts.exists() else []

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.output, f"{text!r} in the output")

    def stop(self) -> str:
        """SIGTERM; all that was printed."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return self.output


Run = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made: list[Running] = []

    def start(statuses: str, *, pause_s: float = 0.1) -> Running:
        made.append(Running(tmp_path, statuses, pause_s))
        return made[-1]

    yield start
    for running in made:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
        print(running.output)


def test_a_process_that_ends_with_status_75_is_started_again_after_longer_and_longer_pauses(run: Run) -> None:
    running = run("75,75,75")
    running.wait_for("ends      goes on")

    for pause in ("0.1", "0.2", "0.4"):
        assert f"ends      Ended with status 75 and is started again in {pause} s." in running.output
    assert running.starts == ["start"] * 4
    assert "failure: None" in running.stop()


def test_one_that_was_started_again_is_shown_once_to_stop(run: Run) -> None:
    running = run("75")
    running.wait_for("ends      goes on")
    running.stop()

    assert running.starts == ["start", "start", "SIGTERM"]


@pytest.mark.parametrize("status", [0, 1, 74])
def test_any_other_end_of_a_process_ends_all_and_is_named(run: Run, status: int) -> None:
    running = run(f"75,{status}")

    assert running.process.wait(60) == 0
    assert f"failure: ends (status {status}) ended by itself, so everything was stopped." in running.output
    assert running.starts == ["start", "start"]


def test_nothing_is_started_again_once_all_are_shown_to_stop(run: Run) -> None:
    running = run("75", pause_s=30)
    running.wait_for("is started again in 30 s")

    assert "failure: None" in running.stop()
    assert running.starts == ["start"]


def test_a_stop_reaches_a_process_that_prints_nothing_whatever_signals_come_with_it() -> None:
    fork = multiprocessing.get_context("fork")
    for _ in range(20):
        events = fork.Queue()
        process = RestartingProcess(STAYS, name="stays")
        reader = fork.Process(target=process.run, args=(events, True))
        reader.start()
        assert events.get(timeout=20).type == "start"

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(reader.pid or 0, number)
        process.stop()

        stopped = events.get(timeout=20)
        assert (stopped.type, stopped.data) == ("stop", {"returncode": -signal.SIGTERM})
        reader.join(20)
