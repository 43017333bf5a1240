"""Scripts over keys that don't belong to one queue (``sources.py`` puts together those that do)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from .connection import Link


def run(link: Link, name: str, keys: Sequence[str], *words: str | bytes) -> Any:
    """Run ``lua/{name}.lua``.

    Raises:
      as :meth:`Link.call`.
    """
    source, sha = _source(name)
    rest = (len(keys), *keys, *words)
    try:
        return link.call("EVALSHA", sha, *rest)
    except NoScriptError:
        return link.call("EVAL", source, *rest)


@lru_cache
def _source(name: str) -> tuple[str, str]:
    text = (files(__package__) / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
