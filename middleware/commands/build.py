"""Builds the Lua scripts: puts their parts in, and the layout's numbers for the names of fields.

Sources are plain Lua 5.1 (``lua/*.lua``), with two lines that to Lua are comments:

- ``--- @include move`` stands for the functions of ``lua/parts/move.lua``, unless they are known there already. In a
  block they are known, and made, only there: that is how a script keeps what is rare from costing time in every call.
- ``--- @insert save`` stands for the statements of ``lua/parts/save.lua``, each time.

A part that begins with ``--- @state`` holds what a call gathers, so it may only be included outside of all blocks.

Names of constants have a prefix: ``K.stack`` a key of the queue, ``R.SEQ`` a field of a record, ``W.CLAIMED`` one of a
window, ``J.SINCE`` one of a recurring job, ``C.ACCEPTED`` one of a task's counters, ``S.QUEUED`` the letter of a
status, ``P.…`` what is below. They become ``KEYS[1]``, numbers and strings, since a local would be captured by nearly
every function, anew in each call.

``python -m middleware.commands.build settle`` prints a script as Redis gets it; without a name, it lists them all;
``--into FOLDER`` writes them all, for luacheck.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..tags import DIGEST_LENGTH
from . import keys, layout

PENDING_CALLS = 64
"""The counts of this many calls wait at most before they are added up (docs/decisions/0018)."""

PARAMETERS: dict[str, Any] = {
    "BOUNDS_US": list(layout.BOUNDS_US),
    "END_COUNTERS": {
        letter: layout.TASK_COUNTER_FIELDS.index(f"ended_{status}") + 1
        for letter, status in layout.STATUS_LETTERS.items()
        if status.is_final
    },
    "EXPIRED_AT_ONCE": 200,  # each takes some 10 µs
    "FRESH_BOUNDS_US": list(layout.FRESH_BOUNDS_US),
    "INDEXED_AT_ONCE": 100,  # each takes some 20 µs
    "INTERVAL_US": layout.INTERVAL_US,
    "INTERVALS_A_MINUTE": layout.MINUTE_US // layout.INTERVAL_US,
    "MINUTES_KEPT": 16,
    "MOST_TURNS": layout.MOST_TURNS,
    "NO_GROUP": layout.NO_GROUP,
    "OTHER_HALF": layout.OTHER_HALF,
    "OTHER_TASKS": layout.OTHER_TASKS,
    "OVERHEAD_BYTES": 400,  # about what a finished job takes beside its texts: a record and two indexes
    "PENDING_CALLS": PENDING_CALLS,
    "PENDING_MOVES": 100,  # a call that counts more kinds of moves adds up at once
    "SAMPLED": len(layout.STATE_FIELDS) + len(layout.TOTAL_FIELDS),
    "SAMPLES_KEPT": 8640,
    "STATE_COUNTERS": {
        letter: layout.TASK_COUNTER_FIELDS.index(status.value) + 1 for letter, status in layout.STATUS_LETTERS.items()
    },
    "STATES": len(layout.STATUS_LETTERS),
    "SWITCHES_KEPT": 100,
    "TIES_APART": 1024,  # places for jobs that were generated in the same µs
    "TAG_BYTES": 150,  # about what an entry of K.tagged or K.subjects takes
    "TAG_LENGTH": DIGEST_LENGTH,
    "TASKS_COUNTED": 200,
    "TASK_COUNTERS": len(layout.TASK_COUNTER_FIELDS),
    "CANCELLATIONS": keys.cancellations(),
    "CALLERS_KEPT": 10_000,
    "CLOCK_CORRECTED_US": 3 * 3_600_000_000,  # set back by more, a clock was wrong before (docs/decisions/0025)
    "PROMOTED_AT_ONCE": 500,
    "RECURRING_KEPT_US": 31 * 86_400_000_000,
    "IDEMPOTENCY_KEYS": 1_000_000,
    "IDEMPOTENCY_US": 86_400_000_000,
    "GROUPS_AT_ONCE": 1000,  # each takes some 5 µs
    "OVERDUE_US": layout.OVERDUE_US,
    "PAUSES_KEPT": 500,
    "WINDOWS_KEPT": 10_000,
    "UNSET_RECORD": [False] * layout.RECORD_FIELDS.index("tags"),
    "UNSET_RECURRING": [False] * len(layout.RECURRING_FIELDS),
    "UNSET_WINDOW": [False] * len(layout.WINDOW_FIELDS),
}


class BuildError(Exception):
    """A source that can't be built; says where and why."""


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
    """The script ``lua/<name>.lua``.

    Raises:
      BuildError: it includes what there isn't, or names a constant that there isn't.
    """
    try:
        return _built(name)
    except BuildError as error:
        raise BuildError(f"{name}.lua: {error}") from None


def _built(name: str) -> Script:
    text = _folded("\n".join(_expanded(name)) + "\n", _INDEXES)
    used = {word.removeprefix("K.") for word in _constants(text) if word.startswith("K.")}
    used_keys = tuple(key for key in keys.QUEUE_KEYS if key.name in used)
    return Script(folded(text, used_keys), used_keys)


def names() -> list[str]:
    """The names of all scripts."""
    return sorted(file.name.removesuffix(".lua") for file in _LUA.iterdir() if file.name.endswith(".lua"))


def folded(text: str, used_keys: Sequence[keys.QueueKey]) -> str:
    """Lua with what its constants stand for.

    Raises:
      BuildError: there is no such constant.
    """
    constants = _CONSTANTS | {f"K.{key.name}": f"KEYS[{i}]" for i, key in enumerate(used_keys, start=1)}

    for word in _constants(text):
        if word not in constants:
            raise BuildError(f"there is no {word} in layout.py, keys.py or build.py.")
    return _folded(text, constants)


def _folded(text: str, constants: dict[str, str]) -> str:
    return _TOKENS.sub(lambda found: constants.get(found["constant"], found[0]), text)


def _constants(text: str) -> Iterable[str]:
    return (found["constant"] for found in _TOKENS.finditer(text) if found["constant"])


def _expanded(name: str) -> list[str]:
    """The lines of a script with all that it includes."""
    lines: list[str] = []
    _put_in(_LUA / f"{name}.lua", "", [("", set())], lines)
    return lines


def _put_in(file: Any, indent: str, blocks: list[tuple[str, set[str]]], lines: list[str]) -> None:
    """Append a file's lines, indented. ``blocks``: of each block around it, its indent and what is included in it; a
    block ends with a line that is indented less."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BuildError(f"there is no {file.name} to include.") from None
    for line in text.splitlines():
        found = _DIRECTIVE.fullmatch(line)
        if found is None:
            lines.append(indent + line if line else line)
        deep = indent + line[: len(line) - len(line.lstrip())] if line.strip() else blocks[-1][0]
        while len(blocks[-1][0]) > len(deep):
            blocks.pop()
        if found is None:
            continue
        if len(blocks[-1][0]) < len(deep):
            blocks.append((deep, set()))
        word, part = found["word"], found["part"]
        if word == "state":
            if deep:
                part = file.name.removesuffix(".lua")
                raise BuildError(f"include {part} outside of all blocks first: it holds what a call gathers.")
            continue
        if word == "include":
            if any(part in included for _, included in blocks):
                continue
            blocks[-1][1].add(part)
        _put_in(_LUA / "parts" / f"{part}.lua", deep, blocks, lines)


def _lua(value: Any) -> str:
    """A constant as Lua writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'"
        case list():
            return f"{{{', '.join(map(_lua, value))}}}"
        case dict():
            return f"{{{', '.join(f'{key} = {_lua(item)}' for key, item in value.items())}}}"
    return str(value)


def _numbered(prefix: str, fields: Sequence[str]) -> dict[str, str]:
    return {f"{prefix}.{field.upper()}": str(i) for i, field in enumerate(fields, start=1)}


_LUA = Path(__file__).parent / "lua"
_CONSTANTS = {
    **_numbered("R", layout.RECORD_FIELDS),
    **_numbered("W", layout.WINDOW_FIELDS),
    **_numbered("J", layout.RECURRING_FIELDS),
    **_numbered("C", layout.TASK_COUNTER_FIELDS),
    **{f"S.{status.name}": f"'{letter}'" for letter, status in layout.STATUS_LETTERS.items()},
    **{f"P.{name}": _lua(value) for name, value in PARAMETERS.items()},
}
_FINAL_INDEXES = [f"K.{key.name}" for status, key in keys.STATUS_INDEXES.items() if status.is_final]
_NAMED_INDEXES = [f"{key.name} = K.{key.name}" for key in (*keys.STATUS_INDEXES.values(), keys.displaced)]
_INDEXES = {
    "P.INDEXES": f"{{{', '.join(_NAMED_INDEXES)}}}",
    "P.FINAL_INDEXES": f"{{{', '.join(_FINAL_INDEXES)}}}",
    "P.INDEX_LETTERS": _lua({keys.STATUS_INDEXES[status].name: s for s, status in layout.STATUS_LETTERS.items()}),
}
"""The indexes that list jobs, by name, and those of the jobs that have ended; and of which status an index is."""
_DIRECTIVE = re.compile(r"\s*--- @(?P<word>include|insert|state)(?: (?P<part>\w+))?")
_TOKENS = re.compile(
    r"--\[\[.*?\]\]|--[^\n]*|\[\[.*?\]\]|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\""
    r"|(?<![\w.:])(?P<constant>[KRWJCSP]\.\w+)",
    re.DOTALL,
)
"""Comments, strings, and constants outside of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0; 1 when a script can't be built; 2 for arguments that can't be."""
    import argparse  # noqa: PLC0415 (every program that uses the broker imports this module)

    parser = argparse.ArgumentParser(
        prog="python -m middleware.commands.build", description="Print a script as Redis gets it."
    )
    parser.add_argument("name", nargs="?", choices=names(), metavar="NAME")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write all scripts there")
    options = parser.parse_args(arguments)
    try:
        if options.into:
            options.into.mkdir(parents=True, exist_ok=True)
            for name in names():
                (options.into / f"{name}.lua").write_text(script(name).source, encoding="utf-8")
        else:
            sys.stdout.write(script(options.name).source if options.name else "\n".join(names()) + "\n")
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
