"""The runbook (``docs/runbook.md``) as pages: the few forms of Markdown that it uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

FILE = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs."""

    name: str
    title: str
    paragraphs: tuple[Markup, ...]


@cache
def sections() -> dict[str, Section]:
    """By name; none where the service was installed without its documentation."""
    if not FILE.exists():
        return {}
    parts = re.split(r"^## +", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = (_section(part) for part in parts)
    return {section.name: section for section in found}


def section_of(name: str) -> Section | None:
    """The section of this name."""
    return sections().get(name)


def _section(text: str) -> Section:
    name, _, body = text.partition("\n")
    paragraphs = tuple(_inline(" ".join(part.split())) for part in body.split("\n\n") if part.strip())
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip().removeprefix("LastIn"))
    return Section(name.strip(), title[:1] + title[1:].lower(), paragraphs)


def _inline(text: str) -> Markup:
    out, at = Markup(""), 0
    for found in INLINE.finditer(text):
        out += escape(text[at : found.start()])
        if found["strong"]:
            out += Markup("<strong>{}</strong>").format(found["strong"])
        elif found["code"]:
            out += Markup("<code>{}</code>").format(found["code"])
        else:
            out += found["link"]
        at = found.end()
    return out + escape(text[at:])
