"""The sources of the Lua scripts: each has the keys of its queue (``keys.QUEUE_KEYS``) under names such as ``K.stack``,
and the fields of the records under names such as ``STATUS``. The rooms that a script needs are named in its first line
(``-- include: record stack``); rooms may need others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from . import keys
from .layout import (
    BOUNDS_US,
    RECORD_FIELDS,
    SLOT_US,
    STATE_FIELDS,
    STATUS_LETTERS,
    TALLY_FIELDS,
    TOTAL_FIELDS,
    WINDOW_FIELDS,
)

TURN_FIELDS = ("task", "settled", "claimed", "run_sum", "wait_sum", "bytes", "window", "at")
"""What is usual and not counted yet, a MessagePack array: a task, how many of its jobs were settled and claimed, their
times in µs, the bytes that finished jobs take, the window's number or false, and when; then the fields of the task's
tally that grow by one, such as the bucket of each time."""

OVERHEAD_BYTES = 400
"""About what a finished job takes in memory beside its texts: a record and two indexes."""


TURNS_KEPT = 64
"""So many usual turns of workers, and usual jobs, wait at the most before they are counted (docs/decisions/0018)."""


class Script(NamedTuple):
    """A script's whole source, the keys that it uses, in the order in which it gets them, and its name for EVALSHA."""

    source: str
    keys: tuple[keys.QueueKey, ...]

    @property
    def sha(self) -> str:
        """The source's SHA-1, by which Redis knows it."""
        return hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()


@lru_cache
def script(name: str) -> Script:
    """The script ``lua/<name>.lua`` with what it includes, its names resolved."""
    texts: dict[str, str] = {}
    _include(f"{name}.lua", texts)
    text = without_unused("\n".join(texts.values()))
    looks_up_keys = "K[" in text
    used = tuple(key for key in keys.QUEUE_KEYS if looks_up_keys or re.search(rf"\bK\.{key.__name__}\b", text))
    source = resolved(text, used)
    if looks_up_keys:
        source = f"local K = {{{', '.join(f'{key.__name__} = KEYS[{i}]' for i, key in enumerate(used, 1))}}}\n{source}"
    if "BOUNDS_US" in source:
        source = f"local BOUNDS_US = {{{', '.join(map(str, BOUNDS_US))}}}\n{source}"
    return Script(source, used)


def resolved(text: str, used: Sequence[keys.QueueKey]) -> str:
    """Lua with ``K.stack``, ``STATUS`` and so on replaced by ``KEYS[1]`` and numbers.

    As locals they would be captured by nearly every function, anew in each call of a script, and that took half of the
    time of a claim: Lua looks for each captured variable in a list of all that were captured before.
    """
    numbers = {key.__name__: f"KEYS[{i}]" for i, key in enumerate(used, start=1)}
    return _NAMES.sub(lambda found: numbers[found[1]] if found[1] else _CONSTANTS[found[0]], text)


def without_unused(text: str) -> str:
    """Lua without the functions of rooms that nothing in it calls: in each call of a script all of them are made anew.

    It goes by names, so it leaves in what shares its name with something that is used.
    """
    functions = {found[1]: found[0] for found in _FUNCTION.finditer(text)}
    used: set[str] = set()
    reached = _words_of(_FUNCTION.sub("", text)) & functions.keys()
    while reached:
        used |= reached
        reached = _words_of("\n".join(functions[name] for name in reached)) & functions.keys() - used
    return _FUNCTION.sub(lambda found: found[0] if found[1] in used else "", text)


def _words_of(text: str) -> set[str]:
    return set(_WORD.findall(_COMMENT.sub("", text)))


def _include(file: str, texts: dict[str, str]) -> None:
    """Add a file of ``lua/``, after the rooms that its first line names, each once."""
    text = (files(__package__) / "lua" / file).read_text(encoding="utf-8")
    first_line = text.split("\n", 1)[0]
    included = first_line.removeprefix("-- include:").split() if first_line.startswith("-- include:") else []
    for room in included:
        if f"_{room}.lua" not in texts:
            _include(f"_{room}.lua", texts)
    texts[file] = text


def _numbers(prefix: str, fields: Sequence[str]) -> dict[str, str]:
    return {prefix + field.upper(): str(i) for i, field in enumerate(fields, start=1)}


_CONSTANTS = {
    **{status.name: f"'{letter}'" for letter, status in STATUS_LETTERS.items()},
    **_numbers("", RECORD_FIELDS),
    **_numbers("W_", WINDOW_FIELDS),
    **_numbers("TURN_", TURN_FIELDS),
    "TURN_LENGTH": str(len(TURN_FIELDS)),
    **_numbers("T_", [*STATE_FIELDS, *TOTAL_FIELDS]),
    "RECORD_LENGTH": str(RECORD_FIELDS.index("size")),
    "WINDOW_LENGTH": str(len(WINDOW_FIELDS)),
    "OVERHEAD_BYTES": str(OVERHEAD_BYTES),
    "SLOT_US": str(SLOT_US),
    "TURNS_KEPT": str(TURNS_KEPT),
    "T_WAIT_SUM": str(TALLY_FIELDS.index("wait_sum") + 1),
    "T_RUN_SUM": str(TALLY_FIELDS.index("run_sum") + 1),
    "TALLY_LENGTH": str(len(TALLY_FIELDS)),
    "SUMMED": str(len(STATE_FIELDS) + len(TOTAL_FIELDS)),
}
_FUNCTION = re.compile(r"^(?:--[^\n]*\n)*local function (\w+)\(.*?^end\n", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"--.*")
_WORD = re.compile(r"\w+")
_NAMES = re.compile(rf"\bK\.(\w+)|(?<!['\w.])(?:{'|'.join(_CONSTANTS)})(?!['\w])")
