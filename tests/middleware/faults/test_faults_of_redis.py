"""Redis that goes away, loses scripts, takes no writes, or is full."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

import dramatiq
import pytest

from local.embedded import EmbeddedServer, free_port
from middleware.broker import PATIENCE_S, LifoBroker
from middleware.commands import keys
from middleware.errors import QueueFullError, RedisAwayError
from middleware.statistics.counters import read_counters

from ...service import wait_until
from ..scripted import ScriptedQueue
from ..workers import Gate, Runs, audit, broker_of, ended, working


def test_a_killed_server_comes_back_with_every_job(own_server: EmbeddedServer) -> None:
    with broker_of(own_server.url) as broker:
        runs = Runs(broker)

        def produce() -> None:
            for n in range(300):
                runs.work.send(n)
            broker.redis.link.close()

        producer = threading.Thread(target=produce)
        with working(broker, threads=4):
            producer.start()
            wait_until(lambda: len(runs.of) > 50, "work to be under way")
            own_server.kill()
            own_server.start()
            producer.join(20)
            broker.join("default", timeout=20_000)

    assert runs.of == Counter(range(300))
    audit(own_server.url)


def test_jobs_that_run_over_an_outage_longer_than_their_lease_run_once(own_server: EmbeddedServer, gate: Gate) -> None:
    with broker_of(own_server.url, lease_s=2) as broker:

        @dramatiq.actor(broker=broker)
        def work(n: int) -> None:
            gate.wait(n)

        messages = [work.send(n) for n in range(3)]
        with working(broker, threads=3):
            gate.wait_for(3)
            own_server.kill()
            away_since = time.monotonic()
            wait_until(lambda: time.monotonic() - away_since > 2.5, "the leases to run out")
            own_server.start()
            back_us = time.time_ns() // 1000
            wait_until(lambda: _last_heartbeat_us(own_server) > back_us, "a heartbeat after the server's return")
            gate.open()
            jobs = [ended(broker, message) for message in messages]

    assert sorted(gate.passed) == [0, 1, 2]
    assert {(job.status.value, job.attempts) for job in jobs} == {("processed", 1)}
    audit(own_server.url)


def test_a_job_that_fails_while_redis_is_away_is_not_processed_by_it(own_server: EmbeddedServer, gate: Gate) -> None:
    with broker_of(own_server.url) as broker:

        @dramatiq.actor(broker=broker, max_retries=1, min_backoff=1, max_backoff=2)
        def work() -> None:
            gate.wait()
            raise ValueError("failed in the dark")

        message = work.send()
        with working(broker):
            gate.wait_for(1)
            own_server.kill()
            gate.open()
            wait_until(lambda: gate.passed, "the task to fail")
            own_server.start()
            job = ended(broker, message)

    assert (job.status.value, job.attempts) == ("rejected", 2)
    assert job.error is not None
    assert job.error.message == "failed in the dark"
    audit(own_server.url)


def test_scripts_that_were_flushed_are_loaded_again(redis_url: str, broker: LifoBroker) -> None:
    runs = Runs(broker)
    with ScriptedQueue(redis_url).client as client, working(broker, threads=2):
        for n in range(60):
            if n % 10 == 0:
                client.script_flush()
            runs.work.send(n)
        broker.join("default", timeout=10_000)

    assert runs.of == Counter(range(60))


def test_a_server_that_takes_no_writes_for_a_while_is_waited_for(own_server: EmbeddedServer, gate: Gate) -> None:
    with broker_of(own_server.url) as broker, own_server.client() as client:

        @dramatiq.actor(broker=broker)
        def work(n: int) -> None:
            gate.wait(n)

        messages = [work.send(n) for n in range(4)]
        with working(broker, threads=2):
            gate.wait_for(2)
            client.replicaof("127.0.0.1", free_port())
            sending = threading.Thread(target=lambda: messages.append(work.send(4)))
            sending.start()
            gate.open()
            wait_until(lambda: len(gate.passed) == 2, "the running jobs to end")
            assert {broker.store.get(m.message_id).status.value for m in messages[2:4]} == {"running"}
            client.replicaof("NO", "ONE")
            sending.join(30)
            jobs = [ended(broker, message) for message in messages]

    assert sorted(gate.passed) == [0, 1, 2, 3, 4]
    assert {(job.status.value, job.attempts) for job in jobs} == {("processed", 1)}
    audit(own_server.url)


def test_a_full_server_takes_no_jobs_but_is_drained(own_server: EmbeddedServer) -> None:
    with broker_of(own_server.url) as broker, own_server.client() as client:
        failed_once: list[int] = []

        @dramatiq.actor(broker=broker, min_backoff=1, max_backoff=2, store_results=True)
        def work(n: int) -> str:
            if n % 10 == 0 and n not in failed_once:
                failed_once.append(n)
                raise ValueError
            return "x" * 1000

        for n in range(100):
            work.send(n)
        work.send_with_options(args=(100,), delay=50)
        client.config_set("maxmemory", 1)
        client.script_flush()
        with pytest.raises(QueueFullError):
            work.send(101)
        with pytest.raises(QueueFullError):
            broker.redis.check_writable()
        with working(broker, threads=4):
            broker.join("default", timeout=20_000)
        # What has ended makes room, so that it can't be looked up any more.
        totals = read_counters(broker.redis.queue("default")).together.counts.totals
        assert (totals["accepted"], totals["ended_processed"]) == (101, 101)

        client.config_set("maxmemory", 0)
        work.send(102)
    audit(own_server.url)


def test_a_worker_that_stops_while_redis_is_away_does_not_hang(own_server: EmbeddedServer, gate: Gate) -> None:
    with broker_of(own_server.url) as broker:

        @dramatiq.actor(broker=broker)
        def work(n: int) -> None:
            gate.wait(n)

        for n in range(4):
            work.send(n)
        worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
        worker.start()
        gate.wait_for(2)
        own_server.kill()
        gate.open()
        wait_until(lambda: len(gate.passed) == 2, "the tasks to end")
        began = time.monotonic()
        worker.stop(timeout=300)

    assert time.monotonic() - began < 20


CALLS: list[Callable[[LifoBroker], object]] = [
    lambda broker: broker.enqueue(dramatiq.Message("default", "work", (), {}, {})),
    lambda broker: broker.store.get("an id"),
    lambda broker: broker.store.page(),
    lambda broker: broker.redis.check_writable(),
    lambda broker: broker.windows.page(queue="default").windows,
]


@pytest.mark.parametrize("call", CALLS, ids=["enqueue", "get", "page", "ping", "history"])
@pytest.mark.parametrize("how", ["refuses", "accepts and never answers"])
def test_a_program_that_answers_requests_hears_soon(how: str, call: Callable[[LifoBroker], object]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = free_port() if how == "refuses" else silent.getsockname()[1]
        with broker_of(f"redis://127.0.0.1:{port}/0") as broker:
            broker.fail_fast()
            began = time.monotonic()
            with pytest.raises(RedisAwayError):
                call(broker)
            assert time.monotonic() - began < PATIENCE_S


def _last_heartbeat_us(server: EmbeddedServer) -> int:
    with server.client() as client:
        return int(client.hget(keys.heartbeat("default"), "at") or 0)
