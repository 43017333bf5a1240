"""How those get at Redis who look at queues and jobs, or change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..redis_link.link import Link
from .queue_commands import QueueScripts


@dataclass(frozen=True, slots=True)
class RedisAccess:
    """What a broker hands to them.

    Parameters:
      link: gives the calling thread's link.
      scripts: gives the commands of a queue over that link.
      queues: the names of all queues there are.
      patiently: runs a call, repeating it while Redis is away as patience allows.
    """

    link: Callable[[], Link]
    scripts: Callable[[str], QueueScripts]
    queues: Callable[[], Iterable[str]]
    patiently: Callable[[Callable[[], Any]], Any]
