"""The files that are written from the code: ``python -m tests.house.generated`` writes them, a test compares them."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable
from pathlib import Path

from middleware.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent

ENV_HEAD = """\
# All settings with their defaults. `make run` reads them from a file `.env` beside this one;
# what the environment holds comes first. An empty value counts as unset.
"""

SETTINGS_HEAD = """\
# Settings

All settings are environment variables. `make run` also reads them from a file `.env` (see `.env.example`); what the
environment holds comes first, and an empty value counts as unset. A setting that can't be read stops the start with
exit status 2 and one line that names it. This table is generated from `middleware/settings.py`.

| variable | default | meaning |
|---|---|---|
"""


def env_example() -> str:
    """``.env.example``: every setting, as a comment, so that a copy of the file changes nothing."""
    parts = [ENV_HEAD]
    for field in dataclasses.fields(Settings):
        doc = textwrap.fill(field.metadata["doc"], 100, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{doc}\n#{field.metadata['name']}={field.metadata['shown']}\n")
    return "\n".join(parts)


def settings_table() -> str:
    """``docs/settings.md``."""
    rows = [
        f"| `{field.metadata['name']}` | {_code(field.metadata['shown'])} | {field.metadata['doc']} |\n"
        for field in dataclasses.fields(Settings)
    ]
    return SETTINGS_HEAD + "".join(rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else "unset"


FILES: dict[str, Callable[[], str]] = {".env.example": env_example, "docs/settings.md": settings_table}


if __name__ == "__main__":
    for name, generate in FILES.items():
        (ROOT / name).write_text(generate(), encoding="utf-8")
