"""Looking for an answer before sleeping: when it ends, when it isn't worth it, and who does it at all."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from middleware.commands import keys
from middleware.errors import RedisAwayError
from middleware.redis_link.link import Link
from middleware.redis_link.spin import LONGEST_BREAK, LoneSpin, Spin

from ..proxy import Proxy
from ..workers import Runs, broker_of, ended, working

FOREVER_US = 60_000_000
LONG_ENOUGH_US = 20_000
"""For a second look, however busy the machine is."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def yields(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each time that the core was left to others between two looks."""
    seen: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: seen.append(None))
    return seen


def watching(spin: Spin, connected: socket.socket) -> Spin:
    spin.watch(connected)
    return spin


def test_it_ends_as_soon_as_an_answer_is_there(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = pair
    monkeypatch.setattr(os, "sched_yield", lambda: far.send(b"answer"))

    watching(Spin(FOREVER_US), near).look()

    assert near.recv(100) == b"answer"


def test_it_ends_when_the_other_side_has_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    far.close()

    watching(Spin(FOREVER_US), near).look()


def test_after_looks_in_vain_it_leaves_out_more_and_more_exchanges(
    pair: tuple[socket.socket, socket.socket], yields: list[None]
) -> None:
    spin = watching(Spin(LONG_ENOUGH_US), pair[0])
    looked = []

    for number in range(800):
        before = len(yields)
        spin.look()
        if len(yields) > before:
            looked.append(number)

    gaps = [later - earlier - 1 for earlier, later in pairwise(looked)]
    assert gaps == [1, 3, 7, 15, 31, 63, 127, LONGEST_BREAK, LONGEST_BREAK]


def test_an_answer_in_time_ends_the_breaks(pair: tuple[socket.socket, socket.socket], yields: list[None]) -> None:
    near, far = pair
    spin = watching(Spin(LONG_ENOUGH_US), near)
    for _ in range(6):  # looks, leaves one out, looks, leaves three out
        spin.look()
    far.send(b"answer")
    spin.look()
    near.recv(100)
    yields.clear()

    spin.look()

    assert yields


def test_a_thread_that_has_others_beside_it_does_not_look(
    pair: tuple[socket.socket, socket.socket], yields: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spin = watching(LoneSpin(LONG_ENOUGH_US), pair[0])
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    spin.look()
    assert not yields

    monkeypatch.setattr(threading, "active_count", lambda: 1)
    spin.look()
    assert yields


def test_a_thread_that_is_not_the_main_one_does_not_look(
    pair: tuple[socket.socket, socket.socket], yields: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spin = watching(LoneSpin(LONG_ENOUGH_US), pair[0])
    monkeypatch.setattr(threading, "active_count", lambda: 1)

    other = threading.Thread(target=spin.look)
    other.start()
    other.join()

    assert not yields


def test_a_link_looks_at_the_connection_that_it_has_now(redis_url: str) -> None:
    link = Link(redis_url, timeout_s=2, spin=Spin(FOREVER_US))

    assert link.call("PING") == b"PONG"
    link.close()
    assert link.call("PING") == b"PONG"
    link.close()


def test_a_connection_that_is_cut_while_a_link_looks_is_redis_away(redis_url: str) -> None:
    with Proxy(redis_url) as proxy:
        link = Link(proxy.url, timeout_s=2, spin=Spin(FOREVER_US))
        assert link.call("PING") == b"PONG"
        cutting = threading.Timer(0.05, proxy.cut_all)
        cutting.start()

        with pytest.raises(RedisAwayError):
            link.call("BLPOP", keys.doorbell("default"), 10)

        cutting.join()
        link.close()


@pytest.mark.parametrize(("threads", "spin_us", "looks"), [(1, 300, True), (2, 300, False), (1, 0, False)])
def test_a_worker_looks_if_it_has_one_thread_and_may(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, threads: int, spin_us: int, looks: bool
) -> None:
    seen: list[None] = []
    monkeypatch.setattr(Spin, "look", lambda _: seen.append(None))
    with broker_of(redis_url, redis_spin_us=spin_us) as broker:
        runs = Runs(broker)
        with working(broker, threads=threads):
            ended(broker, runs.work.send(1))

    assert bool(seen) is looks
