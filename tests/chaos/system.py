"""The real system, as its users start it, each process on a way of its own to Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from ..service import RunningService, chosen_server, clone_into
from .toxic_proxy import ToxicProxy

WORKERS = ("worker-1", "worker-2")
PROCESSES = ("web", *WORKERS, "scheduler")
LEASE_S, THREADS = 2.0, 4
SETTINGS = {
    "LEASE_S": f"{LEASE_S:g}",
    "WORKER_THREADS": f"{THREADS}",
    "WEB_THREADS": "8",
    "WORKER_METRICS_PORT": "0",
    "LOG_JOBS": "none",
}
CADENCE = """
[queues.default]
every = "1s"
batch = 400
oldest_share = 0.05

[queues.steady]
mode = "continuous"
oldest_share = 0.05
"""


class System(RunningService):
    """web, two workers and a scheduler in a clone that has the tasks of the load; a server; and between it and each
    process a proxy, unless ``is_proxied`` is False.

    ``fates``: what was done to a process, by the id of it and of each of its children, which explains that jobs which
    they ran run again.
    """

    shows_logs = False

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        durability: str = "always",
        is_proxied: bool = True,
    ) -> None:
        clone = folder / "clone"
        clone_into(clone)
        shutil.copy(Path(__file__).with_name("load_tasks.py"), clone / "tasks" / "load.py")
        (folder / "cadence.toml").write_text(CADENCE, encoding="utf-8")
        super().__init__(
            folder,
            settings=SETTINGS | {"CADENCE_FILE": str(folder / "cadence.toml")} | dict(settings or {}),
            processes=PROCESSES,
            binary=chosen_server(),
            clone=clone,
            durability=durability,
        )
        self.proxies: dict[str, ToxicProxy] = {}
        self.fates: dict[int, str] = {}
        self._is_proxied = is_proxied
        self._stack = ExitStack()

    def start(self) -> Self:
        """Start everything, the server only if it doesn't run yet, and wait until jobs are accepted."""
        if not self.server.is_alive:
            self.server.start()
        for name in PROCESSES if self._is_proxied else ():
            self.proxies[name] = self._stack.enter_context(ToxicProxy(self.server.port))
        for name in PROCESSES:
            self.start_process(name)
        self.wait_until_ready()
        return self

    def stop(self) -> None:
        """End everything."""
        for name in self._running:
            self.signal(name, signal.SIGCONT)
        super().stop()
        self._stack.close()

    def environment_of(self, name: str) -> dict[str, str]:
        """Each process has a way of its own to Redis."""
        return self.environment | ({"REDIS_URL": self.proxies[name].url} if self._is_proxied else {})

    def hurt(self, names: Iterable[str], fate: str) -> None:
        """Note that something is done to these processes, which explains that jobs of theirs run again."""
        for name in names:
            self.fates.update(dict.fromkeys(self.members(name), f"{name.partition('-')[0]} {fate}"))

    def forgive(self) -> None:
        """From now on nothing explains that jobs of the processes which are alive run again."""
        for name in PROCESSES:
            for pid in self.members(name):
                self.fates.pop(pid, None)

    def fate_of(self, worker: str) -> str | None:
        """What explains that the worker of this name lost a lease."""
        return self.fates.get(pid_of(worker))

    def members(self, name: str) -> dict[int, int]:
        """A process and its children by their ids, with the KiB of memory that each has (RSS)."""
        return members_of(self.pid(name))

    def crash(self, names: Iterable[str]) -> int:
        """Kill processes with their children; the time when all are dead, in µs."""
        names = list(names)
        self.hurt((name for name in names if name != "redis"), "killed")
        for name in names:
            self.kill(name)
        return time.time_ns() // 1000

    def crash_children(self, name: str) -> int:
        """Kill the children of a process alone, as a kernel without memory does; the time when it is done, in µs."""
        self.hurt([name], "killed")
        for pid in self.members(name):
            if pid != self.pid(name):
                with suppress(ProcessLookupError):  # its parent ends the others when one is dead
                    os.kill(pid, signal.SIGKILL)
        return time.time_ns() // 1000

    def end(self, name: str) -> None:
        """Tell a process to end, as a platform does, and wait for that."""
        self.hurt([name], "ended")
        self.signal(name, signal.SIGTERM)
        self.wait(name)

    def freeze(self, names: Iterable[str]) -> int:
        """Stop processes with their children (SIGSTOP); the time of it, in µs."""
        names = list(names)
        self.hurt((name for name in names if name != "redis"), "stopped")
        now_us = time.time_ns() // 1000
        for name in names:
            self._signal_any(name, signal.SIGSTOP)
        return now_us

    def thaw(self, names: Iterable[str]) -> int:
        """Let them go on; the time of it, in µs."""
        now_us = time.time_ns() // 1000
        for name in names:
            self._signal_any(name, signal.SIGCONT)
        return now_us

    def server_version(self) -> str:
        """Of Redis or Valkey."""
        with self.server.client() as client:
            server = client.info("server")
        return str(server.get("valkey_version") or server["redis_version"])

    def ended(self) -> list[str]:
        """The processes that should run, and don't."""
        return [name for name in PROCESSES if not self.is_alive(name)]

    def _signal_any(self, name: str, number: signal.Signals) -> None:
        if name == "redis":
            os.kill(self.pid(name), number)
        else:
            self.signal(name, number)

    def _command(self, name: str, environment: Mapping[str, str]) -> list[str]:
        """As the Procfile has it."""
        kind = name.partition("-")[0]
        return [sys.executable, "-m", {"web": "api", "worker": "tasks"}.get(kind, kind)]


def members_of(group: int) -> dict[int, int]:
    """The processes of a process group, with the KiB of memory that each has (RSS)."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,pid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [[int(word) for word in line.split()] for line in listed.splitlines()]
    return {pid: rss for pgid, pid, rss in rows if pgid == group}


def pid_of(worker: str) -> int:
    """A worker's name is its host, its process id and some digits (``registry.process_name``)."""
    return int(worker.rsplit(":", 2)[1])
