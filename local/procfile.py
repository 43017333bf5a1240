"""The processes of the Procfile, run by honcho."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import FrameType

import honcho.environ
import honcho.manager
from honcho.printer import Message

from middleware.floors import RUN
from middleware.settings import ROOT

from .console import NAME, Console
from .leftovers import NotedProcess
from .restarting import RestartingProcess

HURRIED_S = 5.0
"""What still runs so long after a second Ctrl-C is killed."""
AGAIN_S = 0.5
"""How often the processes are told to hurry: what comes before the request to end itself is passed over."""


class ProcfileManager(honcho.manager.Manager):  # type: ignore[misc]
    """honcho's manager, which knows all processes by their ids, can be stopped from its first moment on, and hurried.

    A process that ends with status 75 is started again; any other end of one ends all of them. ``failure`` says
    afterwards why the service ended, unless somebody asked for it.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        console: Console,
        *,
        kill_after_s: float,
        procfile: Path = ROOT / "Procfile",
    ) -> None:
        """``kill_after_s``: what still runs so long after all were asked to end is killed."""
        super().__init__(console)
        self._process_ctor = RestartingProcess
        self._console = console
        self._kill_after_s = kill_after_s
        self.failure: str | None = None
        self.on_started: Callable[[], None] = lambda: None
        self.on_stop: Callable[[], None] = lambda: None
        """Called when somebody asks for the end, before the processes are told."""
        self._asked = 0
        self._hurry_at = float("inf")
        self._kill_at = float("inf")
        commands = honcho.environ.parse_procfile(procfile.read_text(encoding="utf-8")).processes
        for name, command in commands.items():
            self.add_process(name, command, env=dict(environment), cwd=str(ROOT))

    def loop(self) -> None:
        """Run the processes to their end. As honcho does it, but a signal is only counted when it comes, and answered
        between two lines: its handler can't print, since it may have come in the middle of a line."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        self._start()
        self.on_started()  # only now: honcho forks, and a process must not fork once it has threads
        while True:
            try:
                self._take(self.events.get(timeout=0.1))
            except queue.Empty:
                if self._all_stopped():
                    return
            if self._all_started():
                self._decide()

    def say(self, line: str, level: str = "INFO") -> None:
        """Print a line between those of the processes; from any thread."""
        self.events.put(Message(type="say", data=(line, level), time=datetime.now(), name=NAME, colour=None))

    def show(self, text: str) -> None:
        """Print something for people only, between those lines; from any thread."""
        self.events.put(Message(type="show", data=text, time=datetime.now(), name=NAME, colour=None))

    def have_all_started(self) -> bool:
        """True once every process was started."""
        started: bool = self._all_started()
        return started

    def processes(self) -> list[NotedProcess]:
        """The processes that were started so far, and those in which honcho reads their output."""
        states = list(self._processes.values())
        leaders = [NotedProcess.of(pid, leads_group=True) for pid in self.pids()]
        readers = [state["process"] for state in states if "process" in state]
        return leaders + [NotedProcess.of(reader.pid, leads_group=False) for reader in readers if reader.is_alive()]

    def pids(self) -> list[int]:
        """The ids of those processes of the Procfile that were started; one that was started again has a new one."""
        return [state["pid"] for state in list(self._processes.values()) if state.get("pid")]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _take(self, message: Message) -> None:
        if message.type == "line":
            self._console.write(message)
        elif message.type == "say":
            self._console.say(*message.data)
        elif message.type == "show":
            self._console.show(message.data)
        else:
            self._processes[message.name].update(message.data)
            self._console.say(f"{message.name}: {message.type} {message.data}", "DEBUG")

    def _decide(self) -> None:
        """Whether to end, to hurry, or to kill what doesn't end."""
        if not self._terminating and (self._asked or self._any_stopped()):
            if self._asked:
                self._console.begin_line()
                self.on_stop()
            else:
                self.failure = self._why()
            self._kill_at = time.monotonic() + self._kill_after_s
            self.terminate()
        if self._asked > 1 and self._hurry_at == float("inf"):
            self._hurry_at = time.monotonic()
            self._kill_at = min(self._kill_at, time.monotonic() + HURRIED_S)
            self._console.begin_line()
            self._console.say("Ends now.")
        if time.monotonic() >= self._hurry_at:
            self._hurry_at = time.monotonic() + AGAIN_S
            self._hurry()
        if time.monotonic() > self._kill_at:
            self._kill_at = float("inf")
            self.kill()

    def _why(self) -> str:
        ended = [
            f"{name} (status {state['returncode']})"
            for name, state in self._processes.items()
            if state.get("returncode") is not None
        ]
        return (
            f"{' and '.join(ended)} ended by itself, so everything was stopped."
            f" No accepted job is lost: `{RUN}` starts again."
        )

    def _hurry(self) -> None:
        """SIGINT to all: a worker that ends puts back what it runs (``middleware/dramatiq_fixes/signals.py``)."""
        for state in self._processes.values():
            if "returncode" not in state:
                with suppress(ProcessLookupError):
                    os.killpg(state["pid"], signal.SIGINT)

    def _killall(self, force: bool = False) -> None:
        """Ask each :class:`RestartingProcess` to end its child; by force, kill the children as honcho does."""
        for name, state in self._processes.items():
            if "returncode" in state:
                continue
            self._console.say(f"{name} is {'killed' if force else 'asked to end'} (pid {state['pid']})", "DEBUG")
            if force:
                self._procmgr.kill(state["pid"])
            elif state["process"].is_alive():
                state["obj"].stop()
            else:
                self._procmgr.terminate(state["pid"])
