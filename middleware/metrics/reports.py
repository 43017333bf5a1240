"""The relay: each process group stores its figures in Redis for a short time, so that one ``/metrics`` shows them all.

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

from ..commands import keys, spanning
from ..errors import LastInError
from ..redis_link.link import Link
from . import exposition
from .process_group import ProcessGroup

LAPSE_MS = 45_000
EVERY_S = 15.0
LARGEST_BYTES = 1 << 19
MOST_REPORTS = 200

logger = logging.getLogger(__name__)


class GroupReport:
    """The figures of a process group: what its processes counted together, and CPU, memory and files of each."""

    def __init__(self, group: ProcessGroup, counted: Callable[[], Iterable[Metric]]) -> None:
        self._group = group
        self._counted = counted
        self._host = group.host()
        self.name = f"{group.process}@{self._host}"

    def metrics(self) -> list[Metric]:
        """The figures now, with labels that say whose they are."""
        labels = {"process": self._group.process, "host": self._host}
        own = exposition.as_metrics(exposition.of_processes(self._group, self._host))
        return [*exposition.labelled(self._counted(), labels), *own]


class Relay(threading.Thread):
    """Stores a group's report every 15 s, the first ones sooner; it lapses after 45."""

    def __init__(self, report: Callable[[], GroupReport], link: Link, *, every_s: float = EVERY_S) -> None:
        super().__init__(name="lastin-relay", daemon=True)
        self._report = report
        self._link = link
        self._every_s = every_s
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until :meth:`stop`; what goes wrong costs one report."""
        wait_s = 1.0
        while not self._stopping.wait(min(wait_s, self._every_s)):
            wait_s = min(2 * wait_s, self._every_s)
            try:
                report = self._report()
                store(self._link, report.name, report.metrics())
            except LastInError as error:
                logger.debug("No report: %s", error)
                wait_s = 1.0
            except Exception:
                logger.exception("No report of this process group; the next one is tried.")

    def stop(self) -> None:
        """Report no more; what was reported lapses by itself."""
        self._stopping.set()


def store(link: Link, name: str, metrics: Iterable[Metric]) -> None:
    """Keep a report for 45 s.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    body = orjson.dumps(exposition.packed(metrics))
    if len(body) > LARGEST_BYTES:
        logger.warning("The report of %s has %d bytes and isn't kept: too many labels.", name, len(body))
        return
    spanning.run(link, "store_metrics", (keys.report(name), keys.reports()), b"", name, b"%d" % LAPSE_MS, body)


def gather(link: Link, *, without: str | None = None) -> Iterator[Metric]:
    """The reports of all groups but one.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    names = [name.decode() for name in link.call("ZREVRANGE", keys.reports(), 0, MOST_REPORTS - 1)]
    others = [name for name in names if name != without]
    if others:
        for body in link.call("MGET", *map(keys.report, others)):
            if body is not None:
                yield from exposition.unpacked(orjson.loads(body))


def relay_of(process: str, link: Link) -> Relay:
    """The relay of a group that is one process: this one."""
    group, registry = ProcessGroup(process, os.getpid()), CollectorRegistry()
    exposition.count_dropped_lines(registry)
    report = cache(lambda: GroupReport(group, registry.collect))
    return Relay(report, link)
