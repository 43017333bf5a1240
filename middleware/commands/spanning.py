"""Scripts over keys that don't belong to one queue (``sources.py`` puts together those that do)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from redis.connection import ConnectionInterface

from ..redis_link.link import Link
from . import calls


def run(link: Link, name: str, keys: Sequence[str], *words: str | bytes) -> Any:
    """Run ``lua/{name}.lua``.

    Raises:
      as :meth:`Link.call`.
    """
    source, sha = _source(name)

    def pack(command: str, connection: ConnectionInterface) -> Any:
        script = sha if command == "EVALSHA" else source
        return connection.pack_command(command, script, len(keys), *keys, *words)

    return calls.begin(link, pack)()


@lru_cache
def _source(name: str) -> tuple[str, str]:
    text = (files(__package__) / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
