"""Scripts over keys that don't belong to one queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.connection import ConnectionInterface

from ..redis_link.link import Link
from . import build, calls


def run(link: Link, name: str, keys: Sequence[str], *words: str | bytes) -> Any:
    """Run ``lua/{name}.lua``.

    Raises:
      as :meth:`Link.call`.
    """
    script = build.script(name)

    def pack(command: str, connection: ConnectionInterface) -> Any:
        of_script = script.sha if command == "EVALSHA" else script.source
        return connection.pack_command(command, of_script, len(keys), *keys, *words)

    return calls.begin(link, pack)()
