"""Environment variables that override the cadence file, such as ``CADENCE_DEFAULT_EVERY=10s``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import CadenceError
from .values import Given

PREFIX = "CADENCE_"


@dataclass(frozen=True, slots=True)
class Override:
    """One variable, parsed."""

    queue: str
    key: str
    given: Given


def find_overrides(variables: Mapping[str, str], queues: Collection[str], keys: Collection[str]) -> list[Override]:
    """
    Raises:
      CadenceError: a variable names no declared queue and key, or could mean several queues.
    """
    found = []
    for name, text in sorted(variables.items()):
        meant = [(queue, key) for queue in queues for key in keys if name == variable_name(queue, key)]
        if len(meant) != 1:
            names = ", ".join(sorted(f"{PREFIX}{_as_variable(queue)}_…" for queue in queues))
            why = "could mean several queues" if meant else "names no queue and key"
            raise CadenceError(f"{name} {why}; allowed are: {names} with {', '.join(key.upper() for key in keys)}.")
        queue, key = meant[0]
        found.append(Override(queue, key, Given(_as_toml(key, text), name)))
    return found


def variable_name(queue: str, key: str) -> str:
    """The environment variable that overrides a key of a queue's section."""
    return f"{PREFIX}{_as_variable(queue)}_{key.upper()}"


def _as_variable(queue: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", queue.upper())


def _as_toml(key: str, text: str) -> Any:
    """The value as it would be in the file. Text that fits no type stays text, and the check of the key refuses it."""
    if key in ("close_when_empty", "share_by_group"):
        return {"true": True, "false": False}.get(text, text)
    if key in ("batch", "max_running", "max_running_per_group") and text.isascii() and text.isdigit():
        return int(text)
    if key == "oldest_share":
        with suppress(InvalidOperation):
            return Decimal(text)
    if key == "blackout":
        return [span.strip() for span in text.split(",")]
    return text
