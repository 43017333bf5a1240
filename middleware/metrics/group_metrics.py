"""The metrics of a process group. Each group stores them in Redis for a short time, and the API merges them: one
``/metrics`` shows them all.

Where only the web process can be reached (as on Heroku), nothing else can be scraped.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from ..commands import keys
from ..commands.calls import run_script
from ..errors import LastInError
from ..redis_link.backoff import Backoff
from ..redis_link.link import Link
from . import exposition
from .process_group import ProcessGroup

KEPT_MS = 45_000
FIRST_S, EVERY_S = 1.0, 15.0
LARGEST_BYTES = 1 << 19
MOST_GROUPS_READ = 200

logger = logging.getLogger(__name__)


class GroupMetrics:
    """The metrics of a process group: what its processes counted together, and CPU, memory and files of each."""

    def __init__(self, group: ProcessGroup, counted: Callable[[], Iterable[Metric]]) -> None:
        self._group = group
        self._counted = counted
        self._host = group.host()
        self.name = f"{group.process}@{self._host}"

    def collect(self) -> list[Metric]:
        """The metrics now, with labels that say whose they are."""
        labels = {"process": self._group.process, "host": self._host}
        own = exposition.as_metrics(exposition.of_processes(self._group, self._host))
        return [*exposition.labelled(self._counted(), labels), *own]


class MetricsPublisher(threading.Thread):
    """Stores a group's metrics in Redis every 15 s, at first sooner; they expire after 45."""

    def __init__(self, metrics: Callable[[], GroupMetrics], link: Link, *, every_s: float = EVERY_S) -> None:
        super().__init__(name="lastin-metrics", daemon=True)
        self._metrics = metrics
        self._link = link
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until :meth:`stop`; what goes wrong costs one time."""
        pauses = Backoff(min(FIRST_S, self._every_s), self._every_s)
        while not self._stopping.wait(pauses.next_s()):
            try:
                metrics = self._metrics()
                store(self._link, metrics.name, metrics.collect())
            except LastInError as error:
                logger.debug("Metrics aren't stored: %s", error)
                pauses.reset()
            except Exception:
                logger.exception("The metrics of this process group aren't stored; they are tried again.")

    def stop(self) -> None:
        """Store no more; what was stored expires by itself."""
        self._stopping.set()


def store(link: Link, group: str, metrics: Iterable[Metric]) -> None:
    """Keep a group's metrics in Redis for 45 s.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    body = orjson.dumps(exposition.packed(metrics))
    if len(body) > LARGEST_BYTES:
        logger.warning("The metrics of %s take %d bytes and aren't stored: too many labels.", group, len(body))
        return
    to = (keys.group_metrics(group), keys.metrics_ends())
    run_script(link, "store_metrics", to, b"", group, b"%d" % KEPT_MS, body)


def stored(link: Link, *, without: str = "") -> Iterator[Metric]:
    """The stored metrics of all groups but one.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    names = [name.decode() for name in link.call("ZREVRANGE", keys.metrics_ends(), 0, MOST_GROUPS_READ - 1)]
    others = [name for name in names if name != without]
    if others:
        for body in link.call("MGET", *map(keys.group_metrics, others)):
            if body is not None:
                yield from exposition.unpacked(orjson.loads(body))


def publisher_of(process: str, link: Link) -> MetricsPublisher:
    """The publisher of a group that is one process: this one."""
    group, registry = ProcessGroup(process, os.getpid()), CollectorRegistry()
    exposition.count_dropped_lines(registry)
    return MetricsPublisher(cache(lambda: GroupMetrics(group, registry.collect)), link)
