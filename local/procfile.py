"""The processes of the Procfile, run by honcho."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import honcho.environ
import honcho.manager
from honcho.printer import Message

from middleware.settings import ROOT

from .leftovers import NotedProcess
from .restarting import RestartingProcess


class ProcfileManager(honcho.manager.Manager):  # type: ignore[misc]
    """honcho's manager, which knows all processes by their ids and can be stopped from its first moment on.

    A process that ends with status 75 is started again; any other end of one ends all of them. ``failure`` says
    afterwards why the service ended, unless somebody asked for it.
    """

    def __init__(
        self, environment: Mapping[str, str], *, kill_after_s: float, procfile: Path = ROOT / "Procfile"
    ) -> None:
        """``kill_after_s``: what still runs so long after the first process ended is killed."""
        super().__init__()
        self._process_ctor = RestartingProcess
        honcho.manager.KILL_WAIT = kill_after_s  # 5 otherwise, which cuts off a longer WORKER_SHUTDOWN_MS
        self.failure: str | None = None
        self.on_started: Callable[[], None] = lambda: None
        self._stop_asked = False
        commands = honcho.environ.parse_procfile(procfile.read_text(encoding="utf-8")).processes
        for name, command in commands.items():
            self.add_process(name, command, env=dict(environment), cwd=str(ROOT))

    def _start(self) -> None:
        super()._start()
        self.on_started()  # only now: honcho forks, and a process must not fork once it has threads

    def say(self, line: str) -> None:
        """Print a line between those of the processes; from any thread."""
        self.events.put(Message(type="line", data=line, time=datetime.now(), name="system", colour=None))

    def terminate(self) -> None:
        """Called by honcho on a signal, and when a process has ended by itself."""
        if not self._all_started():
            self._stop_asked = True  # by a signal: honcho looks for processes that ended only once all are there
        elif not self._terminating:
            states = self._processes.items()
            ended = [f"{name} (status {it['returncode']})" for name, it in states if it.get("returncode") is not None]
            if ended and not self._stop_asked:
                self.failure = (
                    f"{' and '.join(ended)} ended by itself, so everything was stopped."
                    " No accepted job is lost: `make run` starts again."
                )
            super().terminate()

    def have_all_started(self) -> bool:
        """True once every process was started. A stop that was asked for before that happens here."""
        if not self._all_started():
            return False
        if self._stop_asked:
            self.terminate()
        return True

    def processes(self) -> list[NotedProcess]:
        """The processes that were started so far, and those in which honcho reads their output."""
        states = list(self._processes.values())
        leaders = [NotedProcess.of(pid, leads_group=True) for pid in self.pids()]
        readers = [state["process"] for state in states if "process" in state]
        return leaders + [NotedProcess.of(reader.pid, leads_group=False) for reader in readers if reader.is_alive()]

    def pids(self) -> list[int]:
        """The ids of those processes of the Procfile that were started; one that was started again has a new one."""
        return [state["pid"] for state in list(self._processes.values()) if state.get("pid")]

    def _killall(self, force: bool = False) -> None:
        """Ask each :class:`RestartingProcess` to end its child; by force, kill the children as honcho does."""
        if force:
            super()._killall(force=True)
            return
        for name, state in self._processes.items():
            if "returncode" in state:
                continue
            self._system_print(f"sending SIGTERM to {name} (pid {state['pid']})\n")
            if state["process"].is_alive():
                state["obj"].stop()
            else:
                self._procmgr.terminate(state["pid"])
