"""The HTTP server's main process looks at Redis: it has nothing else to do, and one warning is enough for all of its
processes."""

from __future__ import annotations

import logging
import signal
import threading
import time

from middleware.errors import RedisAwayError, RedisClusterError
from middleware.processes.server_safety import SafetyWatch
from middleware.redis_link.backoff import Backoff
from middleware.redis_link.link import Link
from middleware.redis_link.links import link_to
from middleware.redis_link.outage import Outage
from middleware.settings import Settings

RETRY_S = 2.0
TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


class RedisWatch(threading.Thread):
    """Logs that Redis is away, and that it is back; what isn't safe about it, once a minute if it changes. And it ends
    the server when Redis turns out to be a node of a Redis Cluster."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="api-redis-watch", daemon=True)
        self.refused: RedisClusterError | None = None
        self._address = settings.redis_address
        self._safety = SafetyWatch(settings.durability, settings.wait_replicas, on_cluster=self._refuse)

    def look_first(self) -> None:
        """Before the server starts: a node of a Redis Cluster ends the process, with one line and exit status 2."""
        self._safety.look_first(self._new_link())

    def run(self) -> None:
        """Until the process ends."""
        link, outage, backoff = self._new_link(), Outage(), Backoff()
        while self.refused is None:
            time.sleep(RETRY_S if backoff.is_fresh else backoff.next_s())
            try:
                link.call("PING")
                self._safety.look_when_due(link)
                backoff.reset()
                outage.succeeded()
            except RedisAwayError as error:
                outage.failed(error, backoff)
                backoff.next_s()
            except Exception:
                logger.exception("Looking at Redis failed; it goes on.")

    def _new_link(self) -> Link:
        return link_to(self._address, timeout_s=TIMEOUT_S)

    def _refuse(self, error: RedisClusterError) -> None:
        self.refused = error
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
