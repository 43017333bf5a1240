"""The shards of a Redis Cluster: which server holds which keys, as redis-py's own client finds it out."""

from __future__ import annotations

import math
import os
import threading
import time
from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from ..errors import RedisAwayError, RedisClusterError, RedisRefusedError
from .address import Address
from .sentinels import Primary

ANSWER_TIMEOUT_S = 0.4
ASK_AGAIN_S = 0.2
"""So long after one look at the cluster the next one is made, while a server is away."""

slot_of = lru_cache(maxsize=4096)(key_slot)


class Shards:
    """What this process knows of a cluster, shared by all of its connections. It is asked at the first use, and anew
    after somebody found it to be otherwise."""

    def __init__(self, address: Address) -> None:
        self._url = address.url
        self._cluster: RedisCluster | None = None
        self._ask_at = math.inf
        self._asked_at = 0.0
        self._pid = 0
        self._lock = threading.Lock()

    def server_of(self, key: str) -> Primary:
        """The primary of the shard that holds this key, and all with the same hash tag.

        Raises:
          RedisAwayError: no server of the cluster answers, or none holds the key now.
          RedisClusterError: it is no cluster.
          RedisRefusedError: it takes no password, or another one.
        """
        cluster = self._known()
        found = cluster.nodes_manager.slots_cache.get(slot_of(key.encode()))
        if not found:
            self.suspect()
            raise RedisAwayError(f"No shard of the Redis Cluster holds {key!r} now.")
        return Primary(found[0].host, int(found[0].port))

    def primaries(self) -> list[Primary]:
        """The primaries of all shards, in an order that is the same for all who ask.

        Raises:
          as :meth:`server_of`.
        """
        return sorted(Primary(node.host, int(node.port)) for node in self._known().get_primaries())

    def suspect(self, *, has_moved: bool = False) -> None:
        """Somebody found the cluster otherwise: it is asked anew, at once if a key ``has_moved``. A server that is away
        isn't a reason to ask again and again: the others work on."""
        self._ask_at = min(self._ask_at, 0.0 if has_moved else self._asked_at + ASK_AGAIN_S)

    def _known(self) -> RedisCluster:
        if self._pid != os.getpid():  # a fork may have left the lock taken
            self._lock, self._cluster, self._pid = threading.Lock(), None, os.getpid()
        cluster = self._cluster
        if cluster is not None and time.monotonic() < self._ask_at:
            return cluster
        with self._lock:
            try:
                if self._cluster is None:
                    self._cluster = _connected(self._url)
                elif time.monotonic() >= self._ask_at:
                    self._cluster.nodes_manager.initialize()
            except (RedisClusterException, RedisError, OSError) as error:
                raise _explained(error) from error
            self._ask_at, self._asked_at = math.inf, time.monotonic()
            return self._cluster


@lru_cache
def known_together(address: Address) -> Shards:
    """The shards of this address, the same for all who ask in this process."""
    return Shards(address)


def _connected(url: str) -> RedisCluster:
    return RedisCluster.from_url(
        url,
        protocol=2,
        require_full_coverage=False,
        socket_timeout=ANSWER_TIMEOUT_S,
        socket_connect_timeout=ANSWER_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )


def _explained(error: Exception) -> RedisAwayError:
    if isinstance(error.__cause__, redis.AuthenticationError):
        return RedisRefusedError(str(error.__cause__))
    if "Cluster mode is not enabled" in str(error):
        return RedisClusterError.missing("it says that cluster mode isn't enabled")
    if "'db' must be 0" in str(error):
        return RedisClusterError.missing("a cluster has no database but 0")
    return RedisAwayError(f"The Redis Cluster doesn't answer ({error}).")
