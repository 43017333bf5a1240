"""What is counted of requests: the metrics of prometheus-flask-exporter, by its names and with its labels.

Its own hooks look a dozen times a request whether they are to count, and for each metric's child among those of all
labels; these look once, at a third of the time.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter

from flask import Flask, Response
from prometheus_client import CollectorRegistry, Counter, Histogram

from .wire.tracing import METHODS, TracedRequest, current_request


class RequestMetrics:
    """Counts what is answered, how long it took, and what went wrong. Each request is counted once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "flask_http_request_duration_seconds",
            "Flask HTTP request duration in seconds",
            ("method", "url_rule", "status"),
            registry=registry,
        )
        self._answers = Counter(
            "flask_http_request_total", "Total number of HTTP requests", ("method", "status"), registry=registry
        )
        self._exceptions = Counter(
            "flask_http_request_exceptions_total",
            "Total number of HTTP requests which resulted in an exception",
            ("method", "status"),
            registry=registry,
        )
        self._of_one_kind = cache(self._look_up)

    def install(self, app: Flask) -> None:
        """Count the requests of this application."""
        app.after_request(self._count_answer)
        app.teardown_request(self._count_exception)

    def _count_answer(self, response: Response) -> Response:
        asked = current_request()
        if _is_counted(asked):
            self._count(asked, response.status_code)
        return response

    def _count_exception(self, error: BaseException | None) -> None:
        if error is None or not _is_counted(asked := current_request()):
            return
        self._exceptions.labels(asked.method, 500).inc()
        self._count(asked, 500)  # if that is still to be done: a hook may have failed before

    def _count(self, asked: TracedRequest, status: int) -> None:
        if asked.is_counted:
            return
        asked.is_counted = True
        rule = asked.url_rule.rule if asked.url_rule else None
        seconds, answers = self._of_one_kind(asked.method, rule, status)
        seconds.observe(perf_counter() - asked.came_at)
        answers.inc()

    def _look_up(self, method: str, rule: str | None, status: int) -> tuple[Histogram, Counter]:
        return self._seconds.labels(method, rule, status), self._answers.labels(method, status)


def _is_counted(asked: TracedRequest) -> bool:
    """Whether it has a place among the labels. The exporter notes on a request for ``/metrics`` not to count it."""
    return asked.method in METHODS and not hasattr(asked, "prom_do_not_track")
