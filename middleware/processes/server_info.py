"""What the server says of itself, in its INFO; and what several servers of a cluster say, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..redis_link.info import fields_of
from ..redis_link.link import Link

ADDED = frozenset(
    {
        *("used_memory", "maxmemory", "connected_clients", "total_commands_processed", "instantaneous_ops_per_sec"),
        *("evicted_keys", "used_cpu_sys", "used_cpu_user"),
    }
)
"""Fields whose numbers are added up; of all others, the worst of the servers counts."""
LEAST_IS_WORST = frozenset({"aof_enabled", "connected_slaves", "uptime_in_seconds"})
GOOD_WORDS = {
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "maxmemory_policy": "noeviction",
    "role": "master",
}
"""Fields that are words, and the one that is good."""


def read_info(link: Link) -> dict[str, str]:
    """INFO by its fields, of all servers together.

    Raises:
      as :meth:`Link.call`.
    """
    return together([fields_of(one.call("INFO")) for one in link.servers()])


def together(servers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The fields that all servers report."""
    first, *others = servers
    fields = dict(first)
    for other in others:
        fields = {name: _of_both(name, value, other[name]) for name, value in fields.items() if name in other}
    return fields


def _of_both(name: str, one: str, other: str) -> str:
    if name in GOOD_WORDS:
        return other if one == GOOD_WORDS[name] else one
    if name in ADDED:
        return _number(lambda a, b: a + b, one, other)
    if name in LEAST_IS_WORST:
        return _number(min, one, other)
    if name == "mem_fragmentation_ratio":
        return _number(max, one, other)
    return one


def _number(combine: Callable[[float, float], float], one: str, other: str) -> str:
    return f"{combine(float(one), float(other)):.15g}"
