"""Reads the cadence again when its file changes. A file with an error leaves the last good cadence in force."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

import tasks
from middleware.settings import ROOT
from tasks import Task

from .cadence import Cadence
from .cadence_file import NO_TASKS, read_cadence
from .errors import CadenceError

logger = logging.getLogger(__name__)

OF_THE_PROJECT = ROOT / "cadence.toml"
DELIVERED = Path(__file__).with_name("cadence.toml")

Stamp = tuple[int, int, int] | None


class CadenceWatcher:
    """Watches the cadence file."""

    def __init__(
        self,
        path: Path,
        declared: Collection[str],
        overrides: Mapping[str, str],
        runnable: Mapping[str, Task] = NO_TASKS,
    ) -> None:
        """``declared``: the queues; ``runnable``: the tasks of recurring jobs, by name."""
        self.path = path
        self.error: str | None = None
        """Why the file couldn't be read the last time; None when it could."""
        self._declared = declared
        self._overrides = overrides
        self._runnable = runnable
        self._seen: Stamp = None
        self._done: Stamp = None

    def read(self) -> Cadence:
        """
        Raises:
          CadenceError: as :func:`scheduler.cadence_file.read_cadence`.
        """
        self.error = None
        self._seen = self._done = self._stamp()
        try:
            return read_cadence(self.path, self._declared, self._overrides, self._runnable)
        except CadenceError as error:
            self.error = str(error)
            raise

    def reread(self) -> Cadence | None:
        """The cadence as it is in the file now; None, and the reason in the log, when it can't be read."""
        try:
            cadence = self.read()
        except CadenceError as error:
            logger.error("%s The cadence that was read before stays in force.", error)  # noqa: TRY400
            return None
        logger.info("%s has been read again.", self.path)
        return cadence

    def poll(self) -> Cadence | None:
        """As :meth:`reread` if the file has changed, but not since the last poll: then it is no more being written."""
        stamp, before = self._stamp(), self._seen
        self._seen = stamp
        return self.reread() if stamp == before and stamp != self._done else None

    def _stamp(self) -> Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def our_watcher() -> CadenceWatcher:
    """The watcher of the file that the settings name, with what they override in it, for what our tasks declare."""
    named, overrides = tasks.settings.cadence_file, dict(tasks.settings.cadence_overrides)
    path = ROOT / named if named else OF_THE_PROJECT if OF_THE_PROJECT.exists() else DELIVERED
    return CadenceWatcher(path, tasks.broker.get_declared_queues(), overrides, tasks.registry)
