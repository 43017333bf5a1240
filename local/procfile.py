"""The processes of the Procfile, run by honcho."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import honcho.environ
import honcho.manager
from honcho.printer import Message

from middleware.settings import ROOT

from .leftovers import Noted


class ProcfileManager(honcho.manager.Manager):  # type: ignore[misc]
    """honcho's manager, which knows all processes by their ids and can be stopped from its first moment on.

    ``failure`` tells afterwards why the service ended, unless somebody asked for it.
    """

    def __init__(self, environment: Mapping[str, str], *, kill_after_s: float) -> None:
        """``kill_after_s``: what still runs so long after the first process ended is killed."""
        super().__init__()
        honcho.manager.KILL_WAIT = kill_after_s  # 5 otherwise, which cuts off a longer WORKER_SHUTDOWN_MS
        self.failure: str | None = None
        self.then: Callable[[], None] = lambda: None
        self._stop_asked = False
        procfile = honcho.environ.parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))
        for name, command in procfile.processes.items():
            self.add_process(name, command, env=dict(environment), cwd=str(ROOT))

    def _start(self) -> None:
        super()._start()
        self.then()  # only now: honcho forks, and a process must not fork once it has threads

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

    def are_all_there(self) -> bool:
        """True once every process was started. A stop that was asked for before is made up for here."""
        if not self._all_started():
            return False
        if self._stop_asked:
            self.terminate()
        return True

    def processes(self) -> list[Noted]:
        """The processes that were started so far, and those in which honcho reads their output."""
        states = list(self._processes.values())
        leaders = [Noted.of(state["pid"], leads_group=True) for state in states if state.get("pid")]
        readers = [state["process"] for state in states if "process" in state]
        return leaders + [Noted.of(reader.pid, leads_group=False) for reader in readers if reader.is_alive()]
