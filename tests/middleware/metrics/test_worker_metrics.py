"""A worker shows its own metrics, and a second one on the same machine doesn't lose its."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.request import urlopen

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from local.embedded import free_port
from middleware.metrics.worker_metrics import TRIED_PORTS, serve
from middleware.settings import Settings


class Answer:
    """One metric."""

    def collect(self) -> list[Metric]:
        return [GaugeMetricFamily("answer", "The answer.", value=42)]


@pytest.fixture
def taken() -> Iterator[int]:
    """The first of some ports, of which it alone is taken."""
    with ExitStack() as stack:
        taken = socket.create_server(("127.0.0.1", free_port()))
        stack.enter_context(taken)
        yield taken.getsockname()[1]


def test_a_worker_whose_port_is_taken_shows_its_metrics_on_another(taken: int) -> None:
    port = serve(Settings(worker_metrics_port=taken), Answer())

    assert port is not None
    assert taken < port < taken + TRIED_PORTS
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"answer 42.0" in answer.read()


def test_a_worker_that_finds_no_port_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        port = serve(Settings(worker_metrics_port=65535, worker_metrics_host="192.0.2.1"), Answer())

    assert port is None
    assert "None of the ports" in caplog.text


def test_port_0_is_no_port() -> None:
    assert serve(Settings(worker_metrics_port=0), Answer()) is None
