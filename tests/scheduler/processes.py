"""Schedulers as processes of their own, and what they said they did."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from middleware.clock import to_us
from middleware.settings import ROOT

from ..service import clean_environment, wait_until
from .times import parsed

OPENED = re.compile(r"opened for the tick of (\S+),")


class SchedulerProcess:
    """``python -m scheduler``, with all it logs in a file."""

    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scheduler"],
                cwd=ROOT,
                env=clean_environment(LOG_LEVEL="DEBUG", LOG_FORMAT="json", **settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def ticks_ms(self) -> list[int]:
        """The ticks for which it opened windows, in the order in which it did."""
        return [to_us(parsed(time)) // 1000 for time in OPENED.findall(self.log)]

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait(self, patience_s: float) -> int:
        return self._process.wait(patience_s)

    def wait_for_ticks(self, count: int) -> Self:
        """Wait until it has opened so many more windows."""
        enough = len(self.ticks_ms) + count
        wait_until(lambda: len(self.ticks_ms) >= enough, f"{enough} ticks; the log says:\n{self.log}")
        return self

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self.log, f"{text!r} in the log")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        print(self.log)
