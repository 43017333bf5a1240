"""Whether the server keeps what it accepts: its append-only file, how that is synced, and what it does when it is full.

It is looked at when a process starts, and every minute (docs/decisions/0021-durability-is-chosen.md).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from redis.exceptions import ResponseError

from ..errors import LastInError, RedisAwayError, RedisClusterError, RedisRefusedError
from ..redis_link.link import Link
from ..settings import exit_with
from ..words import counted
from .server_info import read_info

LOOK_EVERY_S = 60.0
LEAST_SAFE_FIRST = "no everysec always"
"""How ``appendfsync`` can be set."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerSafety:
    """What the server reports of itself; None: it doesn't. ``durability`` and ``wait_replicas`` are what the settings
    ask of it."""

    durability: str
    wait_replicas: int = 0
    replicas: int | None = None
    has_aof: bool | None = None
    aof_is_written: bool | None = None
    appendfsync: str | None = None
    syncs_while_rewriting: bool | None = None
    maxmemory_policy: str | None = None

    @property
    def warnings(self) -> list[str]:
        """What isn't safe: for each what it is, what it means, and what to do."""
        return list(self._warnings())

    @property
    def unknown(self) -> list[str]:
        """The settings of the server that can't be asked for."""
        reported = {
            "appendonly": self.has_aof,
            "appendfsync": self.appendfsync,
            "maxmemory-policy": self.maxmemory_policy,
        }
        return [name for name, value in reported.items() if value is None]

    def _warnings(self) -> Iterator[str]:
        if self.has_aof is False:
            yield (
                "Redis keeps no append-only file: when it ends or restarts, all jobs since its last snapshot are lost, "
                "and all of them if it makes none. Set `appendonly yes` there."
            )
        else:
            yield from self._warnings_of_aof()
        if self.replicas is not None and self.replicas < self.wait_replicas:
            yield (
                f"WAIT_REPLICAS is {self.wait_replicas}, and {counted(self.replicas, 'replica')} of Redis "
                f"{'is' if self.replicas == 1 else 'are'} connected: no job is accepted before there are enough. Start "
                "replicas, or lower WAIT_REPLICAS."
            )
        policy = self.maxmemory_policy
        if policy is not None and policy != "noeviction":
            what = "whole queues" if policy.startswith("allkeys") else "idempotency keys, and whatever else expires,"
            yield (
                f"Redis drops {what} when its memory is full (`maxmemory-policy` is `{policy}`). Set "
                "`maxmemory-policy noeviction` there: then it refuses new jobs instead."
            )

    def _warnings_of_aof(self) -> Iterator[str]:
        if self.aof_is_written is False:
            yield (
                "Redis can't write its append-only file: what it accepted since is in its memory alone. Its log says "
                "why; mostly the disk is full."
            )
        if self.appendfsync == "no":
            yield (
                "Redis doesn't sync its append-only file (`appendfsync` is `no`): a loss of power costs about the last "
                "30 s of accepted jobs. Set `appendfsync everysec` or `always` there."
            )
        if self.syncs_while_rewriting is False:
            yield (
                "Redis doesn't sync its append-only file while it rewrites it (`no-appendfsync-on-rewrite` is `yes`): "
                "a loss of power in that time costs what was accepted in it. Set `no-appendfsync-on-rewrite no` there."
            )
        if self.durability == "always":
            yield from self._warnings_of_always()

    def _warnings_of_always(self) -> Iterator[str]:
        if self.appendfsync is None or self.has_aof is None:
            yield (
                "It isn't known whether DURABILITY=always is true: Redis doesn't report its `appendfsync` (it refuses "
                "`CONFIG GET`). Allow this user `+config|get`, or find out otherwise."
            )
        elif self.appendfsync != "always":
            yield (
                f"DURABILITY=always isn't true: `appendfsync` of Redis is `{self.appendfsync}`, so that the last "
                "accepted jobs may not be on its disk yet. Set `appendfsync always` there, or DURABILITY=everysec here."
            )


def look(link: Link, durability: str, wait_replicas: int = 0) -> ServerSafety:
    """Ask the server, with one command or two that read only. A user who may not ask hears less.

    Raises:
      RedisAwayError: it doesn't answer.
      RedisClusterError: it is a node of a Redis Cluster although the link isn't for one, or the other way round.
    """
    info = _info(link)
    if not link.is_cluster and info.get("redis_mode", info.get("server_mode")) == "cluster":
        raise RedisClusterError.unexpected("its INFO says cluster")
    config = _config(link, "*appendfsync*")
    while_rewriting = config.get("no-appendfsync-on-rewrite")
    return ServerSafety(
        durability,
        wait_replicas,
        replicas=int(info["connected_slaves"]) if "connected_slaves" in info else None,
        has_aof=_is(info.get("aof_enabled"), "1"),
        aof_is_written=_is(info.get("aof_last_write_status"), "ok"),
        appendfsync=config.get("appendfsync"),
        syncs_while_rewriting=_is(while_rewriting, "no"),
        maxmemory_policy=info.get("maxmemory_policy"),
    )


class SafetyWatch:
    """Looks at the server now and then, and logs what isn't safe: at the first look, and when it has changed.

    Parameters:
      durability, wait_replicas: the settings.
      every_s: so old may be what :meth:`look_when_due` gives.
      on_cluster: what else to do when the server turns out to be a node of a Redis Cluster, such as
        :func:`end_process`.
      is_quiet: log nothing, because another process of the same program does.
    """

    def __init__(
        self,
        durability: str,
        wait_replicas: int = 0,
        *,
        every_s: float = LOOK_EVERY_S,
        on_cluster: Callable[[RedisClusterError], None] | None = None,
        is_quiet: bool = False,
    ) -> None:
        self._durability = durability
        self._wait_replicas = wait_replicas
        self._every_s = every_s
        self._on_cluster = on_cluster
        self._is_quiet = is_quiet
        self._last: ServerSafety | None = None
        self._looked_at = float("-inf")

    def look_first(self, link: Link) -> None:
        """Look before the process does anything else, over a link that is closed then. A node of a Redis Cluster, or a
        server that takes no password but another one, ends it, with one line and exit status 2. A server that is away
        is looked at as soon as it is there."""
        try:
            self._look(link)
        except (RedisClusterError, RedisRefusedError) as error:
            exit_with(error)
        except RedisAwayError as error:
            logger.debug("Redis isn't looked at yet: %s", error)
        finally:
            link.close()

    def look_when_due(self, link: Link) -> ServerSafety:
        """What was found at most ``every_s`` ago, or now.

        Raises:
          as :func:`look`.
        """
        if self._last is not None and time.monotonic() - self._looked_at < self._every_s:
            return self._last
        try:
            return self._look(link)
        except RedisClusterError as error:
            if self._on_cluster is not None:
                self._on_cluster(error)
            raise

    def _look(self, link: Link) -> ServerSafety:
        found = look(link, self._durability, self._wait_replicas)
        if not self._is_quiet:
            _log(self._last, found)
        self._last, self._looked_at = found, time.monotonic()
        return found


def end_process(error: LastInError) -> None:
    """From a thread that isn't the main one: end the process with one line on stderr and exit status 2."""
    logging.shutdown()
    os.write(2, f"lastin: {error}\n".encode())
    os._exit(2)


def _log(before: ServerSafety | None, now: ServerSafety) -> None:
    if before is not None and before.warnings == now.warnings:
        return
    for warning in now.warnings:
        logger.warning("%s", warning)
    if now.warnings:
        return
    if before is not None:
        logger.info("Redis is set up safely again.")
    elif now.unknown:
        logger.info("Redis doesn't report its %s: whether it is set up safely isn't known.", " and ".join(now.unknown))


def _info(link: Link) -> dict[str, str]:
    try:
        return read_info(link)
    except ResponseError:
        return {}


def _config(link: Link, pattern: str) -> dict[str, str]:
    """Of several servers, the settings of the one that is least safe."""
    try:
        found = [link.call("CONFIG", "GET", pattern) for link in link.servers()]
    except ResponseError:
        return {}
    configs = [dict(zip(*[(word.decode() for word in flat)] * 2, strict=True)) for flat in found]
    return min(configs, key=lambda config: LEAST_SAFE_FIRST.find(config.get("appendfsync", "")))


def _is(reported: str | None, good: str) -> bool | None:
    return None if reported is None else reported == good
