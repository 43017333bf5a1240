"""Connections that break at the worst moment: nothing is lost, nothing runs twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import dramatiq
import pytest

from middleware.commands.build import script
from middleware.errors import DuplicateJobError
from middleware.worker.consumer import BELL_OVERDUE_S

from ...chaos.toxic_proxy import ToxicProxy
from ...service import wait_until
from ..proxy import Proxy
from ..workers import RARE_ROUNDS, Runs, audit, broker_of, working


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
@pytest.mark.parametrize("name", ["accept", "claim", "settle", "heartbeat", "promote", "reclaim"])
def test_a_connection_cut_at_any_call_loses_and_doubles_nothing(redis_url: str, name: str, fault: str) -> None:
    with Proxy(redis_url) as proxy, broker_of(proxy.url, lease_s=1) as broker:
        runs, long_runs = Runs(broker), []

        @dramatiq.actor(broker=broker)
        def run_until_it_happened() -> None:  # a worker sends heartbeats for what it holds
            long_runs.append(proxy.happened.wait(30))

        for n in range(20):
            runs.work.send(n)
        run_until_it_happened.send()
        getattr(proxy, fault)(script(name).sha)
        with working(broker, threads=3):
            for n in range(20, 40):
                runs.work.send(n)
            assert proxy.happened.wait(30)
            broker.join("default", timeout=40_000)

    assert runs.of == Counter(range(40))
    assert long_runs == [True]
    audit(redis_url)


def test_a_resent_accept_whose_first_try_never_arrived_is_no_proof_that_it_did(redis_url: str) -> None:
    with Proxy(redis_url) as proxy, broker_of(proxy.url) as broker:
        message = Runs(broker).work.message(1)
        broker.enqueue(message)
        proxy.cut_before(script("accept").sha)

        with pytest.raises(DuplicateJobError):
            broker.enqueue(message)
    audit(redis_url)


@pytest.mark.usefixtures("rare_rounds")
def test_a_connection_cut_while_a_worker_waits_at_the_doorbell_loses_hardly_a_wake_up(redis_url: str) -> None:
    lease_s, lost = RARE_ROUNDS.lease_s, []
    with Proxy(redis_url) as proxy, broker_of(proxy.url, lease_s=lease_s) as broker, broker_of(redis_url) as sender:
        runs = Runs(broker)
        with working(broker):
            for n in range(20):
                proxy.cut_all()
                sender.enqueue(runs.work.message(n))
                try:
                    wait_until(lambda n=n: runs.of[n], f"job {n} to run", patience_s=10)
                except AssertionError:
                    # Redis may hear late that the worker gave up a connection, and ring there: maintenance heals it.
                    lost.append(n)
                    sender.windows.ring_again("default")
                    wait_until(lambda n=n: runs.of[n], f"job {n} to run")

    assert runs.of == Counter(range(20))
    assert len(lost) < 4


def test_connections_that_break_all_the_time_lose_and_double_nothing(redis_url: str) -> None:
    with Proxy(redis_url) as proxy, broker_of(proxy.url) as broker:
        runs = Runs(broker)
        stop = threading.Event()

        def break_connections() -> None:
            while not stop.wait(0.03):
                proxy.cut_all()

        breaker = threading.Thread(target=break_connections)
        breaker.start()
        with working(broker, threads=4):
            for n in range(400):
                runs.work.send(n)
            stop.set()
            breaker.join()
            broker.join("default", timeout=20_000)

    assert runs.of == Counter(range(400))
    audit(redis_url)


def test_a_worker_that_finds_one_connection_dead_trusts_none_of_them(redis_url: str) -> None:
    with (
        ToxicProxy(urlsplit(redis_url).port or 6379) as proxy,
        broker_of(proxy.url, lease_s=1, timeout_s=1) as broker,
        broker_of(redis_url) as sender,
    ):
        runs = Runs(broker)
        with working(broker):
            sender.enqueue(runs.work.message(1))
            broker.join("default", timeout=20_000)
            proxy.forget()  # nobody is told: neither the worker at the doorbell nor Redis
            began = time.monotonic()
            sender.enqueue(runs.work.message(2))
            sender.join("default", timeout=20_000)

    # The maintenance finds it out, within a round and the time-out of one answer.
    assert time.monotonic() - began < BELL_OVERDUE_S - 2
    assert runs.of == Counter([1, 2])
    audit(redis_url)
