"""The shards of a Redis Cluster: which server holds which keys, as redis-py's own client finds it out."""

from __future__ import annotations

import os
import threading
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

slot_of = lru_cache(maxsize=4096)(key_slot)


class Shards:
    """What this process knows of a cluster, shared by all of its connections. It is asked at the first use, and anew
    after somebody found it to be otherwise."""

    def __init__(self, address: Address) -> None:
        self._url = address.url
        self._cluster: RedisCluster | None = None
        self._is_suspect = False
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

    def suspect(self) -> None:
        """Somebody found the cluster otherwise: it is asked anew before anything else is said to it."""
        self._is_suspect = True

    def _known(self) -> RedisCluster:
        cluster = self._cluster
        if cluster is not None and not self._is_suspect and self._pid == os.getpid():
            return cluster
        with self._lock:
            try:
                if self._cluster is None or self._pid != os.getpid():
                    self._cluster, self._pid = _connected(self._url), os.getpid()
                elif self._is_suspect:
                    self._cluster.nodes_manager.initialize()
                self._is_suspect = False
            except (RedisClusterException, RedisError, OSError) as error:
                raise _explained(error) from error
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
