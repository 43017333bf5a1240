"""Texts that can't steer a terminal: names, payloads and reasons come from other programs."""

from __future__ import annotations

import json
import re
from typing import IO, Any

UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Control characters (C0 and C1, of which U+009B begins a command to a terminal), those that are invisible or turn the
direction of what follows, and lone surrogates, which can't be written at all."""


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether somebody looks; a stream that was closed from the beginning is None."""
    return stream is not None and stream.isatty()


def printable(text: str) -> str:
    """The text with a replacement character for whatever isn't printable."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def escaped(document: str) -> str:
    """A JSON document in which whatever isn't printable is escaped: programs read it as the same."""
    return "\n".join(UNPRINTABLE.sub(_escape, line) for line in document.split("\n"))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}" if found[0] < "\U00010000" else json.dumps(found[0])[1:-1]
