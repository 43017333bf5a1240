"""``/metrics``: what this service counts, for Prometheus and whoever reads its format."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable, Iterable
from functools import cached_property, wraps
from typing import Any

from flask import Flask, request
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_flask_exporter import PrometheusMetrics
from redis.exceptions import RedisError

from middleware.broker import LifoBroker
from middleware.errors import LastInError
from middleware.metrics import exposition, queue_metrics
from middleware.metrics.definitions import BY_NAME, Row
from middleware.metrics.group_metrics import GroupMetrics, stored
from middleware.metrics.process_group import ProcessGroup
from middleware.processes.server_info import read_info
from middleware.settings import Settings
from tasks import broker

from .request_metrics import RequestMetrics
from .wire.problems import FORBIDDEN, UNAUTHENTICATED, ProblemError

logger = logging.getLogger(__name__)

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


class ApiMetrics(PrometheusMetrics):  # type: ignore[misc]
    """prometheus-flask-exporter, whose endpoint shows the whole service.

    Where several processes share a folder of metrics, the exporter shows what is in there alone, and stumbles over
    ``?name[]=``: here all sources are merged first.
    """

    def __init__(self, group: ProcessGroup, admit: Callable[[], None]) -> None:
        super().__init__(
            app=None,
            registry=CollectorRegistry(),
            metrics_decorator=lambda view: _only(admit, view),
        )
        self._group = group
        exposition.count_dropped_lines(self.registry)
        unconfirmed = BY_NAME["lastin_submissions_unconfirmed_total"]
        self.unconfirmed = Counter(unconfirmed.name, unconfirmed.doc, registry=self.registry)

    def export_defaults(self, *_: Any, app: Flask, **__: Any) -> None:
        """Count requests, as the exporter would."""
        RequestMetrics(self.registry).install(app)

    @cached_property
    def group_metrics(self) -> GroupMetrics:
        """Those of the processes of this group."""
        return GroupMetrics(self._group, self._counted)

    def generate_metrics(self, accept_header: str | None = None, names: Iterable[str] | None = None) -> tuple[str, str]:
        encode, content_type = choose_encoder(accept_header or "")
        own = self.group_metrics
        rows, others = _from_redis(broker, own.name)
        merged = exposition.Merged(exposition.as_metrics(rows), own.collect(), others, names=names or ())
        return encode(merged.registry()).decode(), content_type

    def _counted(self) -> list[Metric]:
        folder = exposition.kept()
        return list(self.registry.collect()) if folder is None else exposition.shared(folder)


def _from_redis(source: LifoBroker, own: str) -> tuple[list[Row], list[Metric]]:
    """The state of queues and Redis, and the metrics of all other groups. Redis away is an answer, too."""
    rows = list(queue_metrics.of_this_build())
    try:
        found = [row for snapshot in source.control.snapshots() for row in queue_metrics.of_queue(snapshot)]
        found += [row for job in source.recurring.all() for row in queue_metrics.of_recurring(job)]
        found += queue_metrics.of_processes(source.registry.processes())
        found += queue_metrics.of_cadence(source.registry.cadence_faults())
        found += queue_metrics.of_redis(read_info(source.redis.link))
        others = list(stored(source.redis.link, without=own))
    except (LastInError, RedisError) as error:
        logger.warning("A scrape without what Redis knows: %s", error)
        return [*rows, Row("lastin_redis_up", (), 0)], []
    return [*rows, *found, Row("lastin_redis_up", (), 1)], others


def _only(admit: Callable[[], None], view: Callable[[], Any]) -> Callable[[], Any]:
    @wraps(view)
    def guarded() -> Any:
        admit()
        return view()

    return guarded


def admit_scraper(settings: Settings) -> None:
    """Let a scraper in that sends METRICS_TOKEN, or where there is none, one on this machine.

    Raises:
      ProblemError: 401 or 403.
    """
    if settings.metrics_token is not None:
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        good = hmac.compare_digest(sent.strip().encode(), settings.metrics_token.encode())
        if kind.lower() != "bearer" or not good:
            challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            raise ProblemError(UNAUTHENTICATED, "Send METRICS_TOKEN as a bearer token.", headers=challenge)
    elif not _is_from_here():
        raise ProblemError(
            FORBIDDEN, "Without METRICS_TOKEN, metrics are shown on loopback only, and not through a proxy."
        )


def _is_from_here() -> bool:
    """Whether the peer is this machine and speaks for itself: a proxy on it would make everybody look local. One that
    adds no header can't be noticed: behind it METRICS_TOKEN is needed."""
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        peer = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return (mapped or peer).is_loopback


def install(app: Flask, settings: Settings, group: ProcessGroup) -> ApiMetrics:
    """Count requests, and show what is counted."""
    metrics = ApiMetrics(group, lambda: admit_scraper(settings))
    metrics.init_app(app)
    return metrics
