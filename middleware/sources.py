"""The sources of the Lua scripts: each with all keys of its queue (``keys.QUEUE_KEYS``) and a prelude that names them
and the fields of the records. The rooms that a script needs are named in its first line (``-- include: record
stack``); rooms may need others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from . import keys
from .tallying import BOUNDS_US, STATE_FIELDS, TALLY_FIELDS, TOTAL_FIELDS

RECORD_FIELDS = (
    "status",
    "seq",
    "place",
    "task",
    "attempts",
    "lost",
    "settled",
    "due",
    "entered",
    "started",
    "finished",
    "window",
    "worker",
    "reason",
    "cancel",
)
"""A job's record, a MessagePack array; a field that isn't set holds false. ``lost``: leases lost in a row; ``settled``:
the attempt that was settled last; ``entered``: when it last came on the stack (false: at its acceptance); ``cancel``:
why a running job was asked to stop."""

WINDOW_FIELDS = (
    "opened_by",
    "tick",
    "opened_at",
    "closes_at",
    "closed_at",
    "close_reason",
    "close_when_empty",
    "order",
    "share",
    "credits",
    "claimed",
    "running",
    "processed",
    "retried",
    "rejected",
    "cancelled",
    "put_back",
    "first_claim",
    "last_claim",
    "oldest_wait",
    "left_waiting",
    "lifo_above",
    "lifo_below",
)
"""A window, a MessagePack array; a field that isn't set holds false."""


class Script(NamedTuple):
    """A script's whole source and its name for EVALSHA."""

    source: str
    sha: str


@lru_cache
def script(name: str) -> Script:
    """The script ``lua/<name>.lua`` with its prelude and what it includes."""
    texts: dict[str, str] = {}
    _include(f"{name}.lua", texts)
    source = "\n".join([_prelude(), *texts.values()])
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


def _include(file: str, texts: dict[str, str]) -> None:
    """Add a file of ``lua/``, after the rooms that its first line names, each once."""
    text = (files(__package__) / "lua" / file).read_text(encoding="utf-8")
    first_line = text.split("\n", 1)[0]
    included = first_line.removeprefix("-- include:").split() if first_line.startswith("-- include:") else []
    for room in included:
        if f"_{room}.lua" not in texts:
            _include(f"_{room}.lua", texts)
    texts[file] = text


def _prelude() -> str:
    named = ", ".join(f"{key.__name__} = KEYS[{i}]" for i, key in enumerate(keys.QUEUE_KEYS, start=1))
    return "\n".join(
        [
            f"local K = {{{named}}}",
            _numbered("", RECORD_FIELDS),
            f"local RECORD_LENGTH = {len(RECORD_FIELDS)}",
            _numbered("W_", WINDOW_FIELDS),
            f"local WINDOW_LENGTH = {len(WINDOW_FIELDS)}",
            _numbered("T_", [*STATE_FIELDS, *TOTAL_FIELDS]),
            f"local T_WAIT_SUM, T_RUN_SUM = {TALLY_FIELDS.index('wait_sum') + 1}, {TALLY_FIELDS.index('run_sum') + 1}",
            f"local TALLY_LENGTH = {len(TALLY_FIELDS)}",
            f"local BOUNDS_US = {{{', '.join(map(str, BOUNDS_US))}}}",
            f"local SUMMED = {len(STATE_FIELDS) + len(TOTAL_FIELDS)}",
        ]
    )


def _numbered(prefix: str, fields: Sequence[str]) -> str:
    names = ", ".join(prefix + field.upper() for field in fields)
    return f"local {names} = {', '.join(str(i) for i in range(1, len(fields) + 1))}"
