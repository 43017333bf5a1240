"""What clients that are slow or silent cost the others."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from .driver.bench import Bench
from .driver.figures import Figure, percentile
from .driver.measures import measure
from .driver.peer import QueuePeer
from .driver.web import Service
from .peers.with_lastin_web import PEER as LASTIN

CLIENTS = 10
BODIES = 48
"""Many more than the service has threads."""
BEGIN = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n"
SLOWLY_S = 0.05
"""A slow client sends a byte of its body so often. It ends long before the service would end it."""


@measure(
    "slow-clients",
    "A ping (GET /healthz) beside 10 clients that send nothing and 48 that send a byte of a body now and then",
    figures=[
        Figure("delay at p50", "ms"),
        Figure("delay at p99", "ms"),
        Figure("p50 alone", "ms"),
        Figure("p99 alone", "ms"),
        Figure("p50 beside them", "ms"),
        Figure("p99 beside them", "ms"),
    ],
    rounds=(3, 5),
    limited_by="Neither takes a thread. Each byte that comes by itself is work of some 30 µs.",
)
def slow_clients(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    service = Service(bench, LASTIN)
    pings = bench.pick(5, 500, 2000)
    alone = _pings(service, pings)
    with _silent(service), _slow(service):
        beside = _pings(service, pings)
    return {
        "delay at p50": percentile(beside, 0.5) - percentile(alone, 0.5),
        "delay at p99": percentile(beside, 0.99) - percentile(alone, 0.99),
        "p50 alone": percentile(alone, 0.5),
        "p99 alone": percentile(alone, 0.99),
        "p50 beside them": percentile(beside, 0.5),
        "p99 beside them": percentile(beside, 0.99),
    }


def _pings(service: Service, count: int) -> list[float]:
    """How long each of ``count`` pings took, in ms, on a connection of its own."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        connection = http.client.HTTPConnection(_address(service), timeout=30)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"Error: expected 200, got {answer.status}")
    return took


@contextmanager
def _silent(service: Service) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stack.enter_context(_connection(service))
        yield


@contextmanager
def _slow(service: Service) -> Iterator[None]:
    stopping = threading.Event()
    with ExitStack() as stack:
        connections = [stack.enter_context(_connection(service)) for _ in range(BODIES)]
        for connection in connections:
            connection.sendall(BEGIN + b"\r\n")

        def trickle() -> None:
            while not stopping.wait(SLOWLY_S):
                for connection in connections:
                    connection.sendall(b" ")

        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            yield
        finally:
            stopping.set()
            sender.join()


def _connection(service: Service) -> socket.socket:
    host, _, port = _address(service).partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def _address(service: Service) -> str:
    return urlsplit(service.url).netloc
