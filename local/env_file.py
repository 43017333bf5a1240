"""``.env`` in the folder of the project: settings for everything that is started there. The environment comes first."""

from __future__ import annotations

import os
from contextlib import suppress

import honcho.environ

from middleware.settings import ROOT

FILE = ROOT / ".env"
NOT_FROM_A_FILE = frozenset({"LASTIN_URL", "LASTIN_TOKEN"})
"""Whoever wrote the file in a folder doesn't choose to whom the command ``lastin`` sends its user's token there."""


def with_env_file() -> dict[str, str]:
    """The environment of this process, and from the file what isn't set there; what is empty counts as unset."""
    environment = {name: value for name, value in os.environ.items() if value}
    with suppress(FileNotFoundError):
        environment = honcho.environ.parse(FILE.read_text(encoding="utf-8")) | environment
    return environment


def adopt() -> None:
    """Set in this process what the file says and the environment doesn't."""
    for name, value in with_env_file().items():
        if name not in NOT_FROM_A_FILE:
            os.environ[name] = value
