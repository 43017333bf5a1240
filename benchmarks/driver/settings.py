"""What a run was set to: the policy, those of LastIn's settings that matter for speed, and how the server keeps what it
is told."""

from __future__ import annotations

import dataclasses

from middleware.settings import Settings

from ..peers.with_lastin import POLICY
from .bench import Bench

THOSE_THAT_MATTER = frozenset(
    {
        "DURABILITY",
        "LEASE_S",
        "REDIS_SPIN_US",
        "RETENTION_BYTES",
        "RETENTION_JOBS",
        "WEB_CONCURRENCY",
        "WEB_THREADS",
    }
)
"""As far as this version has them; turns run with their defaults, and say so where they set them otherwise."""
OF_THE_SERVER = ("appendonly", "appendfsync", "maxmemory-policy")


def of_run(bench: Bench) -> dict[str, str]:
    """The settings of all turns of a run."""
    asked = bench.client().config_get(*OF_THE_SERVER)
    found = {"policy": f"{POLICY.mode} {POLICY.order}, oldest_share {POLICY.oldest_share_ppm / 1e6:g}"}
    found |= {name: str(asked[name]) for name in OF_THE_SERVER}
    for field in dataclasses.fields(Settings):
        name = field.metadata["name"]
        if name in THOSE_THAT_MATTER:
            found[name] = "unset" if field.default is None else str(field.default)
    return found


def server_version(bench: Bench) -> str:
    """The server's name and version."""
    info = bench.client().info("server")
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info['redis_version']}"
