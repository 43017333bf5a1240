"""What is counted of requests, each of them once."""

from __future__ import annotations

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from api.request_metrics import RequestMetrics
from api.wire.application import Application

TIMED = "flask_http_request_duration_seconds_count"
COUNTED = "flask_http_request_total"
FAILED = "flask_http_request_exceptions_total"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def app(registry: CollectorRegistry) -> Flask:
    app = Application(__name__)
    RequestMetrics(registry).install(app)
    app.add_url_rule("/things/<name>", view_func=lambda name: name, endpoint="thing", methods=["GET", "POST"])
    app.add_url_rule("/faults", view_func=lambda: 1 / 0, endpoint="faults")
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def counts(registry: CollectorRegistry) -> dict[str, dict[tuple[str, ...], float]]:
    """The values of the three metrics, by their labels: method, status and rule."""
    found: dict[str, dict[tuple[str, ...], float]] = {TIMED: {}, COUNTED: {}, FAILED: {}}
    for sample in (sample for metric in registry.collect() for sample in metric.samples):
        if sample.name in found:
            labels = (sample.labels[name] for name in ("method", "status", "url_rule") if name in sample.labels)
            found[sample.name][tuple(labels)] = sample.value
    return found


def test_requests_count_by_method_rule_and_status(client: FlaskClient, registry: CollectorRegistry) -> None:
    for path in ("/things/a", "/things/b", "/nowhere"):
        client.get(path)
    client.post("/things/c")

    assert counts(registry) == {
        TIMED: {
            ("GET", "200", "/things/<name>"): 2,
            ("GET", "404", "None"): 1,
            ("POST", "200", "/things/<name>"): 1,
        },
        COUNTED: {("GET", "200"): 2, ("GET", "404"): 1, ("POST", "200"): 1},
        FAILED: {},
    }


def test_how_long_an_answer_took_is_measured(app: Flask, client: FlaskClient, registry: CollectorRegistry) -> None:
    client.get("/things/a")

    labels = {"method": "GET", "url_rule": "/things/<name>", "status": "200"}
    seconds = registry.get_sample_value("flask_http_request_duration_seconds_sum", labels)
    assert seconds is not None
    assert 0 < seconds < 60


def test_a_fault_counts_as_an_exception_and_as_one_answer(client: FlaskClient, registry: CollectorRegistry) -> None:
    assert client.get("/faults").status_code == 500

    assert counts(registry) == {
        TIMED: {("GET", "500", "/faults"): 1},
        COUNTED: {("GET", "500"): 1},
        FAILED: {("GET", "500"): 1},
    }


def test_a_fault_in_another_hook_counts_all_the_same(
    app: Flask, client: FlaskClient, registry: CollectorRegistry
) -> None:
    def stumble(_: Response) -> Response:
        raise ValueError("a hook's fault")

    app.after_request(stumble)
    assert client.get("/things/a").status_code == 500

    assert counts(registry)[COUNTED] == {("GET", "500"): 1}
    assert counts(registry)[FAILED] == {("GET", "500"): 1}


def test_a_made_up_method_makes_no_label(client: FlaskClient, registry: CollectorRegistry) -> None:
    assert client.open("/things/a", method="BREW").status_code == 405

    assert counts(registry) == {TIMED: {}, COUNTED: {}, FAILED: {}}
