"""The environment of this process: the only place that reads ``os.environ``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from ..errors import LastInError, SettingsError
from .declared import Settings

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which prometheus_client shares the metrics of processes."""


def load() -> Settings:
    """The settings of this process, from its environment.

    Raises:
      SettingsError: as :meth:`Settings.from_environ`.
    """
    return Settings.from_environ(os.environ)


def share_metrics(folder: Path) -> None:
    """Let this process and its children share a folder of metrics."""
    os.environ[METRICS_FOLDER] = str(folder)


def shared_metrics() -> Path | None:
    """The folder that this process shares its metrics in; None when it keeps them for itself."""
    folder = os.environ.get(METRICS_FOLDER)
    return Path(folder) if folder else None


def load_or_exit() -> Settings:
    """As :func:`load`, but a setting that can't be read ends the process with one line and exit status 2."""
    try:
        return load()
    except SettingsError as error:
        exit_with(error)


def exit_with(error: LastInError) -> NoReturn:
    """End the process as settings errors do: one line on stderr, exit status 2."""
    os.write(2, f"lastin: {error}\n".encode())
    raise SystemExit(2) from None
